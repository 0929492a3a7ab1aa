"""The card of a tagger of several languages."""

import yaml

from tasks.distillation.export_multilingual import with_languages
from tasks.distillation.export_student import StudentCard, model_card


def test_the_header_has_one_code_for_each_language_and_the_rest_stays() -> None:
    card = model_card(StudentCard(name="x", target_language="de, nl", config_text="a: 1"), ["O", "B-LOC"], [])
    text = with_languages(card, ("de", "nl"))
    header, old = (yaml.safe_load(each.split("---\n")[1]) for each in (text, card))
    assert header["language"] == ["de", "nl"]
    assert {**header, "language": 0} == {**old, "language": 0}
    assert text.split("---\n", 2)[2] == card.split("---\n", 2)[2]
    assert "A named-entity tagger for de, nl, trained without labels" in text


def test_a_line_of_dashes_in_the_text_is_no_header() -> None:
    text = with_languages("---\na: 1\n---\n# x\n\n---\nmore\n", ("de",))
    assert text == "---\na: 1\nlanguage:\n- de\n---\n# x\n\n---\nmore\n"
