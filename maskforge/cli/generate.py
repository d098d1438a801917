"""Generation with a model from a folder or from the Hugging Face hub, under the mask of a spec."""

import sys
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from maskforge.cli.errors import NOT_FULFILLED, OK, InputError, one_line
from maskforge.cli.specs import Spec


@dataclass(frozen=True)
class Sampling:
    max_new_tokens: int
    greedy: bool
    temperature: float
    top_k: int  # 0 is off
    top_p: float  # 1 is off
    seed: int | None

    def generation_options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"max_new_tokens": self.max_new_tokens, "do_sample": not self.greedy}
        if not self.greedy:
            options |= {"temperature": self.temperature, "top_k": self.top_k, "top_p": self.top_p}
        return options


def run_generate(
    model_name: str,
    prompt: str,
    spec: Spec,
    sampling: Sampling,
    chat: bool = True,
    device: str | None = None,
    dtype: str = "auto",
    stream: bool = True,
) -> int:
    """Returns the exit code: 0 when the text was finished, 1 when --max-new-tokens ended it."""
    notes = Console(stderr=True)
    with notes.status(f"loading {model_name}"):
        model, tokenizer = load(model_name, device, dtype)

    import torch
    from transformers import LogitsProcessorList, TextStreamer

    import maskforge as mf

    vocabulary = mf.Vocabulary.from_huggingface(tokenizer, vocab_size=model.get_output_embeddings().weight.shape[0])
    grammar = spec.compile(mf.Compiler(vocabulary))
    inputs = encode(tokenizer, prompt, chat).to(model.device)
    if sampling.seed is not None:
        torch.manual_seed(sampling.seed)
    with torch.inference_mode():
        output = model.generate(
            **inputs,
            **sampling.generation_options(),
            pad_token_id=tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id,
            logits_processor=LogitsProcessorList([mf.LogitsProcessor(grammar)]),
            streamer=TextStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True) if stream else None,
        )
    generated = output[0, inputs["input_ids"].shape[1] :].tolist()
    if not stream:
        print(tokenizer.decode(generated, skip_special_tokens=True))
    sys.stdout.flush()
    if generated and generated[-1] in vocabulary.eos_token_ids:
        return OK
    notes.print("[bold yellow]not finished[/]: --max-new-tokens ended the text before it was complete")
    return NOT_FULFILLED


def load(name: str, device: str | None, dtype: str) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if dtype != "auto" and not isinstance(getattr(torch, dtype, None), torch.dtype):
        raise InputError(f"--dtype {dtype} is none of auto, float32, float16 and bfloat16")
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
        model = AutoModelForCausalLM.from_pretrained(name, dtype=dtype)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot load the model {name}: {one_line(str(error))}") from None
    target = device or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return model.to(target).eval(), tokenizer
    except (RuntimeError, AssertionError) as error:  # PyTorch's ways to say that there is no such device
        raise InputError(f"cannot use --device {target}: {one_line(str(error))}") from None


def encode(tokenizer: Any, prompt: str, chat: bool) -> Any:
    if chat and getattr(tokenizer, "chat_template", None):
        message = [{"role": "user", "content": prompt}]
        return tokenizer.apply_chat_template(message, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    return tokenizer(prompt, return_tensors="pt", return_token_type_ids=False)
