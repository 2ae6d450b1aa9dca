"""A sequence-to-sequence model for CTranslate2: smaller, and several times faster on a CPU.

The weights are read from safetensors alone. Whether the result is as good as its parent is measured where it is used.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from brevity.neural.archive import BadModel, files
from brevity.neural.languages import CODES, family_of
from brevity.neural.recipes import Quantization


def convert(parent: Path, out: Path, quantization: Quantization) -> None:
    """Write the model in the folder `parent` to the new folder `out`, with its tokenizer.

    Raises:
        BadModel: Its weights are not safetensors, its tokenizer names tokens that it has no weights for, or CTranslate2
            has no form for it.
    """
    import ctranslate2.converters  # only this and the engine need it

    class SafeConverter(ctranslate2.converters.TransformersConverter):
        model: Any

        def load_model(self, model_class: Any, model_name_or_path: str, **options: Any) -> Any:
            self.model = model_class.from_pretrained(
                model_name_or_path, **options, use_safetensors=True, local_files_only=True
            )
            _describe(self.model)
            return self.model

        def load_tokenizer(self, tokenizer_class: Any, model_name_or_path: str, **options: Any) -> Any:
            tokenizer = tokenizer_class.from_pretrained(model_name_or_path, **options, local_files_only=True)
            names = vocabulary(tokenizer, self.model.get_input_embeddings().weight.shape[0])
            tokenizer.get_vocab = lambda: {name: number for number, name in enumerate(names)}
            tokenizer.num_madeup_words = 0  # of M2M-100's: they are among the names
            return tokenizer

        def _load(self) -> Any:
            spec = super()._load()
            # The converter goes by the tokenizer's class, which transformers 5 no longer writes.
            start = spec._vocabularies["target"][0][_start(self.model)]
            spec.config.decoder_start_token = start
            # mBART-50's tokenizer has none; CTranslate2 wants one, and writes it nowhere.
            spec.config.bos_token = spec.config.bos_token or start
            return spec

    files(parent)
    unfinished = out.with_name(f"{out.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    converter = SafeConverter(str(parent))
    try:
        converter.convert(str(unfinished), quantization=quantization)
    except (ValueError, NotImplementedError) as error:
        raise BadModel(
            f"CTranslate2 cannot have this model: {error}",
            code="bad_model",
            remedy="It takes BART, PEGASUS, T5, mT5, mBART-50, M2M-100 and NLLB.",
        ) from error
    AutoTokenizer.from_pretrained(parent, local_files_only=True).save_pretrained(unfinished)
    # Not a copy of the file: a model without one has these settings in its configuration.
    converter.model.generation_config.to_json_file(unfinished / "generation_config.json")
    # One configuration for both: CTranslate2 reads its own names, the engine the model's window, prefix and family.
    described = [json.loads((folder / "config.json").read_text("utf-8")) for folder in (parent, unfinished)]
    (unfinished / "config.json").write_text(json.dumps(described[0] | described[1], indent=2) + "\n", "utf-8")
    unfinished.rename(out)


def vocabulary(tokenizer: Any, rows: int) -> list[str]:
    """The token of each of the `rows` rows of a model's embeddings, each of them once.

    Rows that no token has are named too, as CTranslate2's own converters do for some families: models are saved with
    more rows than tokens, for the sake of a round number.

    Raises:
        BadModel: `bad_model` when a token that texts or summaries can hold has no row.
    """
    # M2M-100's tokenizer keeps its codes beside its vocabulary.
    known = {**tokenizer.get_vocab(), **getattr(tokenizer, "lang_token_to_id", {})}
    family = family_of(known)
    special = set(tokenizer.all_special_tokens) - {
        tokenizer.bos_token,
        tokenizer.eos_token,
        tokenizer.pad_token,
        tokenizer.unk_token,
        *(CODES[family].values() if family else ()),
    }
    # A mask, for one, is in no text: special tokens that stand there are read as characters.
    lost = sorted(token for token, number in known.items() if number >= rows and token not in special)
    if lost:
        raise BadModel(
            f"the tokenizer has {len(lost)} tokens above the model's {rows} rows of weights, such as {lost[0]!r}",
            code="bad_model",
            remedy="Take the tokenizer that the model was trained with, or call `resize_token_embeddings` and train it.",
        )
    named = {number: token for token, number in known.items()}
    return [named.get(number, f"<row {number}>") for number in range(rows)]


def _describe(model: Any) -> None:
    """Say in the configuration what CTranslate2's converter looks for there, and transformers 5 no longer writes."""
    encoder = model.get_encoder()
    if model.config.model_type in {"bart", "mbart", "pegasus"}:
        model.config.normalize_before = hasattr(encoder, "layer_norm")
        model.config.normalize_embedding = hasattr(encoder, "layernorm_embedding")
    if model.config.model_type in {"t5", "mt5"}:  # it scales the decoder's outputs by what this used to say
        model.config.tie_word_embeddings = getattr(model.config, "scale_decoder_outputs", False)


def _start(model: Any) -> int:
    """What the decoder begins with, as transformers' `generate` finds it."""
    for name in ("decoder_start_token_id", "bos_token_id"):
        for settings in (model.generation_config, model.config):
            if (number := getattr(settings, name, None)) is not None:
                return int(number)
    raise ValueError("the model does not say what its decoder starts with")
