"""Codes of languages: what people write, and what each family of translators calls it."""

import difflib

from artifacts.errors import InputError

# What other tools call languages that a translator may know under another code.
_OTHER_NAMES = {
    "nb": "no", "nn": "no", "no": "nb", "iw": "he", "he": "iw", "in": "id", "id": "in", "fil": "tl", "tl": "fil",
    "cmn": "zh", "nso": "ns", "ns": "nso", "arz": "ar",
}  # fmt: skip

# ISO 639-3 names of whole groups, or in use for their largest member, where FLORES-200 names another: OPUS-MT's.
_OF_GROUPS = {
    "ar": "ara", "az": "aze", "fa": "fas", "ku": "kur", "lv": "lav", "mg": "mlg", "mn": "mon", "ms": "msa", "ne": "nep",
    "om": "orm", "or": "ori", "ps": "pus", "qu": "que", "sq": "sqi", "sw": "swa", "uz": "uzb", "yi": "yid", "zh": "cmn",
}  # fmt: skip

# NLLB has languages with their script, as in FLORES-200; of several the one that most people mean.
FLORES = {
    "af": "afr_Latn", "am": "amh_Ethi", "ar": "arb_Arab", "as": "asm_Beng", "az": "azj_Latn", "ba": "bak_Cyrl",
    "be": "bel_Cyrl", "bg": "bul_Cyrl", "bm": "bam_Latn", "bn": "ben_Beng", "bo": "bod_Tibt", "bs": "bos_Latn",
    "ca": "cat_Latn", "cs": "ces_Latn", "cy": "cym_Latn", "da": "dan_Latn", "de": "deu_Latn", "dz": "dzo_Tibt",
    "ee": "ewe_Latn", "el": "ell_Grek", "en": "eng_Latn", "eo": "epo_Latn", "es": "spa_Latn", "et": "est_Latn",
    "eu": "eus_Latn", "fa": "pes_Arab", "ff": "fuv_Latn", "fi": "fin_Latn", "fil": "tgl_Latn", "fj": "fij_Latn",
    "fo": "fao_Latn", "fr": "fra_Latn", "ga": "gle_Latn", "gd": "gla_Latn", "gl": "glg_Latn", "gn": "grn_Latn",
    "gu": "guj_Gujr", "ha": "hau_Latn", "he": "heb_Hebr", "iw": "heb_Hebr", "hi": "hin_Deva", "hr": "hrv_Latn",
    "ht": "hat_Latn", "hu": "hun_Latn", "hy": "hye_Armn", "id": "ind_Latn", "in": "ind_Latn", "ig": "ibo_Latn",
    "is": "isl_Latn", "it": "ita_Latn", "ja": "jpn_Jpan", "jv": "jav_Latn", "ka": "kat_Geor", "ki": "kik_Latn",
    "kk": "kaz_Cyrl", "km": "khm_Khmr", "kn": "kan_Knda", "ko": "kor_Hang", "ks": "kas_Arab", "ku": "kmr_Latn",
    "ky": "kir_Cyrl", "lb": "ltz_Latn", "lg": "lug_Latn", "li": "lim_Latn", "ln": "lin_Latn", "lo": "lao_Laoo",
    "lt": "lit_Latn", "lv": "lvs_Latn", "mg": "plt_Latn", "mi": "mri_Latn", "mk": "mkd_Cyrl", "ml": "mal_Mlym",
    "mn": "khk_Cyrl", "mr": "mar_Deva", "ms": "zsm_Latn", "mt": "mlt_Latn", "my": "mya_Mymr", "nb": "nob_Latn",
    "ne": "npi_Deva", "nl": "nld_Latn", "nn": "nno_Latn", "no": "nob_Latn", "ns": "nso_Latn", "ny": "nya_Latn",
    "oc": "oci_Latn", "om": "gaz_Latn", "or": "ory_Orya", "pa": "pan_Guru", "pl": "pol_Latn", "ps": "pbt_Arab",
    "pt": "por_Latn", "qu": "quy_Latn", "rn": "run_Latn", "ro": "ron_Latn", "ru": "rus_Cyrl", "rw": "kin_Latn",
    "sa": "san_Deva", "sc": "srd_Latn", "sd": "snd_Arab", "sg": "sag_Latn", "si": "sin_Sinh", "sk": "slk_Latn",
    "sl": "slv_Latn", "sm": "smo_Latn", "sn": "sna_Latn", "so": "som_Latn", "sq": "als_Latn", "sr": "srp_Cyrl",
    "ss": "ssw_Latn", "st": "sot_Latn", "su": "sun_Latn", "sv": "swe_Latn", "sw": "swh_Latn", "ta": "tam_Taml",
    "te": "tel_Telu", "tg": "tgk_Cyrl", "th": "tha_Thai", "ti": "tir_Ethi", "tk": "tuk_Latn", "tl": "tgl_Latn",
    "tn": "tsn_Latn", "tr": "tur_Latn", "ts": "tso_Latn", "tt": "tat_Cyrl", "tw": "twi_Latn", "ug": "uig_Arab",
    "uk": "ukr_Cyrl", "ur": "urd_Arab", "uz": "uzn_Latn", "vi": "vie_Latn", "wo": "wol_Latn", "xh": "xho_Latn",
    "yi": "ydd_Hebr", "yo": "yor_Latn", "zh": "zho_Hans", "zh-cn": "zho_Hans", "zh-tw": "zho_Hant",
    "zh-hk": "zho_Hant", "zh-mo": "zho_Hant", "zh-sg": "zho_Hans", "zu": "zul_Latn",
}  # fmt: skip


class UnknownLanguage(InputError):
    """A translator does not know a language."""


def plain_code(code: str) -> str:
    """A code without differences of spelling: `zh_CN` is zh-cn."""
    return code.strip().lower().replace("_", "-")


def known_language(code: str, languages: tuple[str, ...] | None = None) -> str:
    """A translator's code of a language: for M2M100 `zh-cn` and `zh_CN` are zh, nb and nn are no; for NLLB de, deu and
    deu_Latn are deu_Latn. A script that is named (zh-Hant) is the code's, where codes tell scripts. Where a language's
    codes all have a script or a region (zh-CN), it is the only one that tells no other than what is named.

    Args:
        code: any common spelling.
        languages: the codes that the translator has; by default those of M2M100.

    Raises:
        UnknownLanguage: if there is no such language; it names codes that are spelt nearly so.
    """
    known = m2m100_languages() if languages is None else languages
    by_code = {plain_code(each): each for each in known}
    plain = plain_code(code)
    first, script = plain.split("-")[0], _script(plain)
    flores = plain_code(FLORES.get(plain, FLORES.get(first, "")))
    names = [name for name in (_iso_639_3(first), _OF_GROUPS.get(first)) if name is not None]
    in_script = [f"{name}-{script or _script(flores)}" for name in names]
    for candidate in (plain, *in_script, first, _OTHER_NAMES.get(first), flores, *names):
        if candidate in by_code and script in ("", _script(candidate) or script):
            return by_code[candidate]
    told = _script_and_region(plain)
    fitting = [
        each
        for each in by_code
        if each.split("-")[0] == first
        and all("" in pair or pair[0] == pair[1] for pair in zip(_script_and_region(each), told, strict=True))
    ]
    if len(fitting) == 1:
        return by_code[fitting[0]]
    near = difflib.get_close_matches(first, known, n=4, cutoff=0.4) or sorted(c for c in known if c[:1] == first[:1])
    raise UnknownLanguage(
        f"language {code!r}: the translator does not know it; near codes are {', '.join(near) or 'none'}; "
        f"it knows {len(known)}, such as {', '.join(known[:3])}"
    )


def names_of(code: str) -> tuple[str, ...]:
    """A language's two-letter code, and what ISO 639-3 and FLORES-200 call it."""
    return tuple(name for name in (code, FLORES.get(code), _iso_639_3(code), _OF_GROUPS.get(code)) if name)


def m2m100_languages(codes: str = "m2m100") -> tuple[str, ...]:
    """The hundred language codes of M2M100, or others that its tokenizer may have: wmt21, which are eight.

    Raises:
        InputError: if there are none of that name.
    """
    from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES

    if codes not in FAIRSEQ_LANGUAGE_CODES:
        raise InputError(
            f"translator: its tokenizer_config.json has language_codes {codes!r}, expected one of "
            f"{', '.join(FAIRSEQ_LANGUAGE_CODES)}; take another checkpoint"
        )
    return tuple(FAIRSEQ_LANGUAGE_CODES[codes])


def nllb_languages() -> tuple[str, ...]:
    """The 202 language codes of NLLB-200."""
    from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES

    return tuple(FAIRSEQ_LANGUAGE_CODES)


def _script(code: str) -> str:
    """The script that a plain code names, such as hant; "" if none."""
    return next((part for part in code.split("-")[1:] if len(part) == 4 and part.isalpha()), "")


def _script_and_region(code: str) -> tuple[str, str]:
    """What a plain code tells, "" if nothing; a region may tell the script (zh-tw)."""
    first, *parts = code.split("-")
    region = next((part for part in parts if len(part) == 2 or (len(part) == 3 and part.isdigit())), "")
    return _script(code) or _script(plain_code(FLORES.get(f"{first}-{region}", ""))), region


def _iso_639_3(code: str) -> str | None:
    flores = FLORES.get(code)
    return flores.split("_")[0] if flores else None
