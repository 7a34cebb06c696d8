"""A number that was skipped is a lost fact, one that is repeated is none, and one sent again is found."""

from o2c.watching import Sequences

ONE, OTHER = "8015g00000AbC02AAF", "8015g00000AbC03AAF"


def seen(*facts: tuple[str, int], whole: bool = True) -> set[tuple[str, int]]:
    found = Sequences()
    for aggregate, seq in facts:
        found.saw(aggregate, seq, whole=whole)
    return found.missing


def test_a_skipped_number_is_missing_until_it_is_sent_again() -> None:
    facts = [(ONE, 1), (ONE, 2), (OTHER, 1), (ONE, 5)]
    assert seen(*facts) == {(ONE, 3), (ONE, 4)}
    assert seen(*facts, (ONE, 3)) == {(ONE, 4)}
    assert seen(*facts, (ONE, 3), (ONE, 4), (ONE, 5), (ONE, 6)) == set()


def test_repeats_of_any_length_are_no_loss() -> None:
    assert seen((ONE, 1), (ONE, 2), (ONE, 3), (ONE, 1), (ONE, 2), (ONE, 3), (ONE, 4)) == set()


def test_the_first_number_may_be_any_only_where_older_facts_have_reached_their_age() -> None:
    assert seen((ONE, 3), (ONE, 4), whole=False) == set()
    assert seen((ONE, 3), (ONE, 4)) == {(ONE, 1), (ONE, 2)}
