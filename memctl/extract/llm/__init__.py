"""Facts by a model: what is sent to it, and what of its answers is believed.

The model proposes and this room disposes: nothing it says becomes a claim unless the words it rests on stand in the
transcript. The room knows windows, prompts, one request to a server, and answers; when to ask, what it costs and where
answers are kept is the caller's to know.
"""
