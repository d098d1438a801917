"""A tokenizer trained in a second and a small Llama-shaped model with random weights: all of it made here, no download.

The demo and the tests use them as they would use real ones.
"""

from importlib.resources import files
from typing import Any

EOS = "<|end|>"
PADDING = "<|pad|>"


def packaged_text() -> str:
    return files("maskforge.cli").joinpath("corpus.txt").read_text(encoding="utf-8")


def train_tokenizer(vocab_size: int = 1000) -> Any:
    """A byte-level BPE tokenizer, as a `PreTrainedTokenizerFast` with an end-of-sequence and a padding token."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[EOS, PADDING],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),  # every byte is a token, so every text can be written
        show_progress=False,
    )
    tokenizer.train_from_iterator(packaged_text().splitlines(keepends=True), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=EOS,
        pad_token=PADDING,
        padding_side="left",
        model_input_names=["input_ids", "attention_mask"],
    )


def random_model(tokenizer: Any, seed: int = 0, hidden_size: int = 64, vocab_size: int | None = None) -> Any:
    """A `LlamaForCausalLM` of about 0.3 million random weights, ready for `generate`. Seeds PyTorch's generator."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocab_size or len(tokenizer),
        hidden_size=hidden_size,
        intermediate_size=2 * hidden_size,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config).eval()
