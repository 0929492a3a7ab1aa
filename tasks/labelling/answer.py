"""The answer of a labeller to one sentence, as it may come: entities, labels of words, or that there are none."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

_FORMS = ("entities", "tags", "probabilities", "unlabelled")
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Entity(_Strict):
    """An entity in the text.

    Attributes:
        start: its first character; code points are counted, from 0.
        end: the one behind its last.
        type: its entity type; None: its words are to have no label.
        probability: that it is one of this type.
        text: what stands there, to be checked.
    """

    start: int
    end: int
    type: str | None
    probability: Number | None = None
    text: str | None = None


class Answer(_Strict):
    """What a labeller says of a sentence, in one of four forms.

    Attributes:
        entities: all of them; every other word is O.
        tags: one per word, in IOB2; None: it has no label.
        probabilities: with tags, what each has, or None. Without, of each word what each label has, those of 0 left
            out; None: it has no label.
        unlabelled: why the sentence has no labels, a name such as too_long.
        usage: what the answer took, such as tokens; summed by name.
    """

    entities: list[Entity] | None = None
    tags: list[str | None] | None = None
    probabilities: list[Number | None] | list[dict[str, Number] | None] | None = None
    unlabelled: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")] | None = None
    usage: dict[str, Annotated[Number, Field(ge=0)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_one_form(self) -> "Answer":
        given = [name for name in _FORMS if getattr(self, name) is not None]
        if len(given) != 1 and given != ["tags", "probabilities"]:
            raise ValueError(
                f"it has {' and '.join(given) or 'no labels'}; expected entities, or tags, or tags and probabilities, "
                "or probabilities, or unlabelled"
            )
        numbers = [each for each in self.probabilities or () if each is not None]
        if any(isinstance(each, dict) == (self.tags is not None) for each in numbers):
            raise ValueError("beside tags, probabilities are numbers; without, an object of label and number each")
        return self


def read_answer(found: Mapping[str, Any]) -> Answer:
    """The answer in an object that came, its id left out.

    Raises:
        ValueError: if it is none; the first thing that is wrong.
    """
    try:
        return Answer.model_validate(found)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise ValueError(
            f"{f'{place}: ' if place else ''}{fault['msg'].removeprefix('Value error, ')}; expected a line such as "
            '{"id": 17, "entities": [{"start": 0, "end": 3, "type": "PER"}]}; docs/labellers.md has the others'
        ) from None
