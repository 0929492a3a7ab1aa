import pytest
from pydantic import ValidationError

from tasks.words.labels import LabelConfig, entity_types, iob2_labels


def test_labels_are_o_then_b_and_i_of_each_type_sorted() -> None:
    assert iob2_labels(["PER", "LOC", "PER"]) == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]


def test_entity_types_is_the_inverse_of_iob2_labels() -> None:
    assert entity_types(iob2_labels(["PER", "LOC"])) == ["LOC", "PER"]
    assert entity_types(["O"]) == []


def test_a_type_is_renamed_before_it_is_looked_up() -> None:
    config = LabelConfig(types=("PER", "LOC"), rename={"PERS": "PER"})
    assert config.target_type("PERS") == "PER"
    assert config.target_type("LOC") == "LOC"
    assert config.target_type("ORG") is None


def test_without_a_list_every_type_is_in_the_label_set() -> None:
    assert LabelConfig().target_type("OTH") == "OTH"


def test_the_order_in_which_types_are_listed_does_not_matter() -> None:
    assert LabelConfig(types=("PER", "LOC")) == LabelConfig(types=("LOC", "PER"))


@pytest.mark.parametrize("types", [(), ("O",), ("B-PER",), ("PER LOC",), ("",)])
def test_what_is_no_type_is_refused(types: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError):
        LabelConfig(types=types)


def test_renaming_to_o_is_refused() -> None:
    with pytest.raises(ValidationError, match="'O' is no entity type"):
        LabelConfig(rename={"OTH": "O"})
