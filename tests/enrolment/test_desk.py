"""Who gets a certificate at the township's desk, and who does not."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from edge.clock import SimulatedClock
from edge.enrolment import certificates as x
from edge.enrolment.authority import Authority
from edge.enrolment.codes import make_code, prove, seal
from edge.enrolment.messages import EnrolRequest, Grant, RenewRequest, read, sealed_bytes
from edge.errors import EnrolmentError, EnrolmentRefused, MessageRefused
from edge.township.places.records import Village
from edge.township.store.places import Places, place_box
from tests.enrolment.town import TOWNSHIP, Town

HUB = "lin-jia-cun"
DAY_S = 86_400.0


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def town(tmp_path: Path, clock: SimulatedClock) -> Iterator[Town]:
    with Town(tmp_path / "town", clock) as made:
        yield made


def a_renewal(town: Town, pem: str, key: x.Key, wanted: x.Key | None) -> RenewRequest:
    """What a box with a certificate asks."""
    asked = RenewRequest(
        certificate=pem,
        csr=x.request_for(HUB, wanted).decode() if wanted else "",
        nonce="cd" * 32,
        binding=town.office.binding,
    )
    signature = key.sign(asked.signed(), ec.ECDSA(hashes.SHA256())).hex()
    return asked.model_copy(update={"signature": signature})


def test_a_code_becomes_a_certificate_for_one_box(town: Town) -> None:
    """With its id, the authority, the broker, village and grid; it can never be a server."""
    key = x.new_key()
    asked = town.question(code := town.code(), HUB, key)
    sealed = town.office.desk.enrol(asked)
    assert sealed.seal == seal(prove(code).secret, sealed_bytes(asked, sealed.grant))
    grant = read(Grant, sealed.grant.encode())
    made = x.read_certificate(grant.certificate.encode())
    assert (x.name_of(made), grant.hub, grant.township) == (HUB, HUB, TOWNSHIP)
    assert (grant.village, grant.grid, grant.broker_host) == ("林家村", "G-01", "127.0.0.1")
    assert x.belongs(made, key)
    assert x.issued_by(made, town.office.authority.certificate)
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_lost_answer_is_given_again_but_a_code_serves_one_key_only(town: Town) -> None:
    """The same question gets the same certificate; another key with the used code gets none."""
    code, key = town.code(), x.new_key()
    asked = town.question(code, HUB, key)
    first = read(Grant, town.office.desk.enrol(asked).grant.encode())
    again = read(Grant, town.office.desk.enrol(asked).grant.encode())
    assert first.certificate == again.certificate
    with pytest.raises(EnrolmentRefused, match="used already"):
        town.office.desk.enrol(town.question(code, HUB, x.new_key()))


def test_codes_expire_are_withdrawn_and_are_for_one_box(town: Town, clock: SimulatedClock) -> None:
    """Each refusal says what to do; a wrong id does not use the code up."""
    old, key = town.code(), x.new_key()
    code = town.code()
    desk = town.office.desk
    with pytest.raises(EnrolmentRefused, match="not known"):
        desk.enrol(town.question(old, HUB, key))
    with pytest.raises(EnrolmentRefused, match="is for the box 'lin-jia-cun'"):
        desk.enrol(town.question(code, "other", key))
    with pytest.raises(EnrolmentRefused, match="not known"):
        desk.enrol(town.question(make_code(), HUB, key))
    with pytest.raises(MessageRefused, match="is no id"):
        town.code("../x")
    clock.advance(25 * 3600.0)
    with pytest.raises(EnrolmentRefused, match="expired"):
        desk.enrol(town.question(code, HUB, key))


def test_whoever_is_in_between_or_guesses_gets_nothing(town: Town) -> None:
    """A question from another connection is refused, and five wrong proofs end the code."""
    code, key, desk = town.code(), x.new_key(), town.office.desk
    good = town.question(code, HUB, key)
    with pytest.raises(EnrolmentRefused, match="between"):
        desk.enrol(town.question(code, HUB, key, binding="00" * 32))
    theirs = town.question(make_code(), HUB, x.new_key())
    forged = theirs.model_copy(update={"lookup": good.lookup})
    for _ in range(4):
        with pytest.raises(EnrolmentRefused, match="proof"):
            desk.enrol(forged)
    with pytest.raises(EnrolmentRefused, match="too often"):
        desk.enrol(good)


def test_a_request_for_something_else_is_refused_and_uses_nothing_up(town: Town) -> None:
    """Another name in the request, another kind of key, or no request at all."""
    code, key, desk = town.code(), x.new_key(), town.office.desk
    weak = x509.CertificateSigningRequestBuilder().subject_name(x.subject(HUB))
    signed = weak.sign(rsa.generate_private_key(65537, 2048), hashes.SHA256())
    requests = [
        x.request_for("township.qingshan", key).decode(),
        signed.public_bytes(serialization.Encoding.PEM).decode(),
        "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        "",
    ]
    for csr in requests:
        with pytest.raises(EnrolmentRefused, match="signing request"):
            desk.enrol(town.question(code, HUB, key, csr=csr))
    desk.enrol(town.question(code, HUB, key))


def test_a_certificate_is_renewed_by_its_holder_and_not_too_early(
    town: Town, clock: SimulatedClock
) -> None:
    """News at any time; the next certificate after half its life; nothing after its end."""
    key, desk = x.new_key(), town.office.desk
    pem = town.enrol(HUB, key).certificate
    town.office.keys.add()
    early = desk.renew(a_renewal(town, pem, key, x.new_key()))
    assert early.certificate == ""
    assert list(early.command_keys) == [f"{TOWNSHIP}-1"]
    clock.advance(60 * DAY_S)
    wanted = x.new_key()
    question = a_renewal(town, pem, key, wanted)
    later = desk.renew(question)
    assert x.belongs(x.read_certificate(later.certificate.encode()), wanted)
    assert desk.renew(question).certificate == later.certificate, "a lost answer"
    with pytest.raises(EnrolmentRefused, match="proof"):
        desk.renew(a_renewal(town, pem, x.new_key(), wanted))
    clock.advance(31 * DAY_S)
    with pytest.raises(EnrolmentRefused, match="not good any more"):
        desk.renew(a_renewal(town, pem, key, x.new_key()))


def test_revoked_and_replaced_certificates_are_worth_nothing(
    town: Town, clock: SimulatedClock
) -> None:
    """Neither for renewing nor at the broker; and a new code lets the same id in again."""
    key, desk = x.new_key(), town.office.desk
    pem = town.enrol(HUB, key).certificate
    assert desk.revoke(HUB, "wang") == 1
    assert town.office.pending() == [HUB]
    town.office.publish()
    acl = (town.office.files.folder / "acl").read_text(encoding="utf-8")
    assert f"user {HUB}\ntopic deny #" in acl
    with pytest.raises(EnrolmentRefused, match="not good any more"):
        desk.renew(a_renewal(town, pem, key, None))
    clock.advance(1.0)
    town.enrol(HUB)
    town.enrol(HUB)
    town.office.publish()
    crl = x509.load_pem_x509_crl((town.office.files.folder / "crl.pem").read_bytes())
    first = x.read_certificate(pem.encode()).serial_number
    assert crl.get_revoked_certificate_by_serial_number(first) is not None
    assert len(crl) == 2
    assert "deny" not in (town.office.files.folder / "acl").read_text(encoding="utf-8")


def test_keys_are_their_owner_s_alone_and_files_are_made_once(
    tmp_path: Path, town: Town, clock: SimulatedClock
) -> None:
    """0600 for everything private; opening again gives the same authority."""
    town.office.publish()
    state = tmp_path / "town"
    private = [f for f in state.rglob("*") if f.is_file() and b"PRIVATE KEY" in f.read_bytes()]
    assert len(private) >= 4
    assert {stat.S_IMODE(file.stat().st_mode) for file in private} == {0o600}
    again = Authority.open(state / "authority", TOWNSHIP, clock)
    assert again.fingerprint == town.office.authority.fingerprint
    assert town.office.files.write(["127.0.0.1"], [], []) is False, "nothing new to read"
    assert town.office.files.write(["10.1.2.3"], [], []) is True, "another certificate"


def test_a_server_that_woke_up_in_1970_signs_nothing(tmp_path: Path) -> None:
    """A certificate with such dates would be worthless; the sentence says what to do."""
    with pytest.raises(EnrolmentError, match="Set the clock"):
        Authority.open(tmp_path / "authority", TOWNSHIP, SimulatedClock(0.0))


def test_messages_are_bound_whole() -> None:
    """Moving a character from one field to the next gives another signature."""
    base = {"lookup": "0" * 64, "nonce": "1" * 64, "binding": "2" * 64}
    one = EnrolRequest(hub="ab", csr="cd", **base)
    two = EnrolRequest(hub="abc", csr="d", **base)
    assert one.signed() != two.signed()


def test_a_box_that_came_in_stands_in_its_village(town: Town) -> None:
    """People with rights for that village see it at once; an unknown village waits for the list."""
    places = Places(town.office.register.database)
    code, other = "330106101201", "330106101202"
    at = ("330106101000", "青山镇")
    places.put_villages([Village(code, "林家村", *at), Village(other, "河口村", *at)])
    town.office.desk.enrol(town.question(town.code(), HUB, x.new_key()))
    assert {v.code: v.hubs for v in places.villages()} == {code: (HUB,), other: ()}
    with town.office.register.database.write() as connection:
        assert place_box(connection, HUB, other)
        assert not place_box(connection, HUB, "无名村")
    assert {v.code: v.hubs for v in places.villages()} == {code: (), other: (HUB,)}
