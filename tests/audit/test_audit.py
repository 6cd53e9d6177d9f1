"""An audit finds the planted faults and does not report correct facts."""

import json
from collections import defaultdict
from contextlib import closing

import pytest
from audit import planted

from memctl.backends import registry
from memctl.core.fact import encode
from memctl.report.audit.personal import masked
from memctl.report.audit.run import CHECKS, audit

pytestmark = pytest.mark.engines(campaign="postgres")

LEAST_RECALL, LEAST_PRECISION = 0.9, 0.8


@pytest.fixture(scope="module")
def truth():
    """The ids of the facts that each check must find."""
    truth = {check: {fact.id for fact in facts} for check, facts in planted.FAULTS.items()}
    truth["without_evidence"] = {fact.id for fact in planted.INVENTED}
    truth["orphans"] = {fact.id for fact in planted.ORPHANS}
    truth["mixed_vectors"] = {fact.id for fact in planted.MIXED}
    return truth


def everything():
    faults = [fact for facts in planted.FAULTS.values() for fact in facts]
    others = (planted.EPISODES, planted.GROUNDED, planted.INVENTED, planted.ORPHANS, planted.VECTORS, planted.MIXED)
    return [*planted.CLEAN, *faults, *planted.NEWER, planted.ORIGINAL, *(fact for part in others for fact in part)]


@pytest.fixture(scope="module")
def dump(tmp_path_factory):
    path = tmp_path_factory.mktemp("audit") / "facts.jsonl"
    path.write_bytes(b"".join(encode(fact) + b"\n" for fact in everything()))
    return path


@pytest.fixture(scope="module")
def result(dump):
    with closing(registry.open_backend(str(dump))) as backend:
        return audit(backend, name=str(dump), now=planted.NOW)


def ids_by_check(result) -> dict[str, set]:
    ids = defaultdict(set)
    for finding in result.findings:
        for listed in finding.ids.values():
            ids[finding.check] |= set(listed)
    return ids


@pytest.mark.parametrize("check", [check.name for check in CHECKS])
def test_planted_faults_are_found_with_few_false_alarms(result, truth, check):
    facts = {fact.id: fact for fact in everything()}
    right = ids_by_check(result)[check]
    hit = right & truth[check]
    missed = [facts[id_].text for id_ in truth[check] - right]
    wrong = [facts[id_].text for id_ in right - truth[check]]
    assert len(hit) / len(truth[check]) >= LEAST_RECALL, missed
    assert len(hit) / len(right) >= LEAST_PRECISION, wrong


def test_a_correct_fact_is_in_no_serious_finding(result):
    clean = {fact.id for fact in (*planted.CLEAN, *planted.GROUNDED)}
    serious = {check.name for check in CHECKS if check.severity != "low"}
    wrong = set().union(*(ids for check, ids in ids_by_check(result).items() if check in serious)) & clean
    assert {str(fact.text) for fact in planted.CLEAN if fact.id in wrong} == set()


def test_a_found_secret_is_not_printed(result):
    examples_text = json.dumps([[each.text, each.detail] for finding in result.findings for each in finding.examples])
    for secret in ("hunter22", "ghp_", "Tr0ub4dor", "4111", "612 345", "rosa.ferrer"):
        assert secret not in examples_text


def test_a_date_is_not_masked_as_an_identity_number(result):
    (expired,) = (finding for finding in result.findings if finding.check == "expired")
    assert expired.examples[0].detail == "expired on 2026-05-31"


def test_a_check_that_cannot_run_is_not_reported_as_passed(tmp_path):
    path = tmp_path / "facts.jsonl"
    path.write_bytes(b"".join(encode(fact) + b"\n" for fact in planted.CLEAN))
    with closing(registry.open_backend(str(path))) as backend:
        clean = audit(backend, now=planted.NOW)
    assert clean.findings == []
    assert {each.check for each in clean.not_checked} == {"without_evidence", "mixed_vectors"}


# On the command line.


def test_the_command_prints_counts_examples_and_corrections(memctl, dump):
    ran = memctl("audit", "--all-users", "--from", dump)
    assert ran.code == 0, ran.err
    assert "duplicates: to correct it: memctl migrate --from" in ran.out
    assert "memctl dedupe rosa" in ran.out
    document = memctl("audit", "--all-users", "--from", dump, "--json", "--examples", "1").document
    assert document["schema"] == "memctl.audit/1"
    assert {len(finding["examples"]) for finding in document["findings"]} == {1}


def test_the_ids_of_a_finding_can_be_removed(memctl):
    memctl("add", "ada", "ok", "--kind", "fact")
    memctl("add", "ada", "I keep bees.")
    ids = memctl("audit", "ada", "--ids", "trivia").out.split()
    assert len(ids) == 1
    assert memctl("rm", *ids, "--yes").code == 0
    assert memctl("audit", "ada", "--ids", "trivia").out == ""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [((), 2), (("ada", "--all-users"), 2), (("nobody",), 4), (("ada", "--ids", "trivias"), 2)],
)
def test_a_wrong_call_has_the_right_exit_code(memctl, arguments, code):
    memctl("add", "ada", "I keep bees.")
    assert memctl("audit", *arguments).code == code


def test_a_date_is_not_masked_as_a_phone_number():
    assert masked("expired on 2026-04-25") == "expired on 2026-04-25"
    assert "612" not in masked("call +34 612 345 678")


def test_ids_and_json_together_are_refused(memctl):
    memctl("add", "ada", "I keep bees.")
    assert memctl("audit", "ada", "--ids", "trivia", "--json").code == 2
