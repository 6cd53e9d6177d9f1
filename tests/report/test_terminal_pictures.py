"""Charts made of characters show the right values."""

from memctl.report import ascii_charts


def test_a_sparkline_distinguishes_zero_small_and_maximum():
    assert ascii_charts.spark([0, 1, 50, 100]) == "·▁▄█"
    assert ascii_charts.spark([]) == ""
    assert ascii_charts.spark([0, 0]) == "··"
    assert ascii_charts.spark([7]) == "█"


def test_a_long_row_is_summarised_without_losing_its_peak():
    row = [0] * 100
    row[70] = 5
    drawn = ascii_charts.spark(row, 10)
    assert len(drawn) == 10
    assert drawn == "·······█··"


def test_a_bar_is_proportional_to_its_value():
    assert ascii_charts.bar(0, 4) == "    "
    assert ascii_charts.bar(1, 4) == "████"
    assert ascii_charts.bar(0.5, 4) == "██  "
    assert ascii_charts.bar(0.125, 1) == "▏"
    assert ascii_charts.bar(7, 2) == "██"


def test_a_plot_puts_curves_at_their_powers_of_ten():
    lines = ascii_charts.plot([1, 10, 100], [("a", [1, 10, 100]), ("b", [100, 10, None])], width=40, height=5)
    drawn = [line for line in lines if "┤" in line or "│" in line]
    assert [line.split("┤")[0].strip() for line in drawn if "┤" in line] == ["$100", "$10", "$1"]
    inside = [line[line.index("┤") + 1 :] if "┤" in line else line[line.index("│") + 1 :] for line in drawn]
    assert inside[0].startswith("b")
    assert inside[0].endswith("a")
    assert inside[-1] == "a"
    assert "+" in inside[2], "the mark for crossing curves"
    assert lines[-1].split() == ["1", "10", "100"]
    assert max(len(line) for line in lines) <= 42


def test_empty_data_draws_nothing():
    assert ascii_charts.plot([1, 10], [("a", [None, 0])]) == []
    assert ascii_charts.plot([1], [("a", [5])]) == []
