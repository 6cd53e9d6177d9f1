"""Platforms, tools and programming languages."""

PLATFORMS = (
    r"kubernetes|k8s|ecs|eks|gke|aks|aws|gcp|azure|heroku|vercel|netlify|fly\.io|fly|render|railway|"
    r"digitalocean|digital ocean|cloudflare(?: workers| pages)?|"
    r"lambda|aws lambda|fargate|cloud run|app engine|google cloud|hetzner|linode|openshift|nomad|"
    r"docker swarm|ec2|on-prem|bare metal|firebase|ovh|oracle cloud|beanstalk|elastic beanstalk|"
    r"hashicorp nomad|dokku|coolify|rancher|proxmox"
)
STACK = (
    r"(?:my |our |the )?(?:primary |main |default |whole |entire |current |backend |frontend |"
    r"work )*(?:stack|language|programming language|tech stack|coding language|main language)"
)
TOOL_NAMES = (
    r"vim|neovim|emacs|vscode|vs code|docker|postgres|mysql|redis|react|vue|angular|svelte|django|"
    r"flask|rails|linux|ubuntu|windows|macos|git|notion|obsidian|slack|excel|figma|terraform|jenkins|"
    r"tmux|zsh|pytorch|tensorflow|pandas|dark mode|arch|fedora|debian|nixos|jira|trello|grafana|"
    r"prometheus|kafka|sqlite|mongodb|duckdb|elasticsearch|ansible|nginx|github|gitlab|bitbucket|"
    r"photoshop|lightroom|blender|unity|spotify|chrome|firefox|safari|fish|bash|poetry|uv|pip|npm|"
    r"pnpm|yarn|webpack|vite|tailwind|nextjs|next\.js|fastapi|spring|kubernetes|helm"
)
TOOLS = rf"(?:{TOOL_NAMES})"
PROGRAMMING = (
    r"python|rust|go|golang|java|javascript|typescript|c\+\+|c#|c|ruby|php|kotlin|swift|scala|haskell|"
    r"elixir|erlang|clojure|r|julia|perl|lua|dart|zig|ocaml|f#|sql|bash|matlab|cobol|fortran|solidity|"
    r"vba|assembly|html|css"
)
