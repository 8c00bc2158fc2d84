"""Texts that one language or another takes for something of its own."""

from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
"""What an argv can hold: any characters but a zero."""

PIECES = st.sampled_from(
    [
        *("$", "$$", "${", "}", "${PORT}", "${env.HOME}", "$HOME", "%", "%%", "%h", "`", "~", "=", "A=b"),
        *(" ", "\t", "\n", "\r", "\n#", "#", ";", "&", "|", "<", ">", "(", ")", "*", "!", "[", "{", "-", "if"),
        *(
            "\\",
            "\\\n",
            "\\n",
            "\\x41",
            "\\",
            "'",
            '"',
            "''",
            "\x01",
            "\x7f",
            "\x85",
            "\xa0",
            "\ufeff",
            "é",
            "\u2028",
            "😀",
        ),
    ]
)

WORDS = st.lists(st.one_of(PIECES, TEXTS), max_size=6).map("".join)
ARGV = st.lists(WORDS, min_size=1, max_size=5)

NO_TEXT = ("\0", "a\0b", "\ud800", "\udcff")
"""What no argv of a text can hold."""
