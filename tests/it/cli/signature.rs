//! `pullpush sign` and `verify`: the documented signature by hand.

use pullpush::time::wall_now;

use super::Desk;

const VECTOR: &str = "--key testkey --t 1703732078";
const SIGN: &str = "7e686adf6045c49cee873dc7d8eb05af";

#[test]
fn sign_prints_the_published_vector() {
    let done = Desk::new().run(format!("pullpush sign {VECTOR}")).exits(0);
    assert_eq!((done.stdout, done.stderr), (format!("{{\"sign\":\"{SIGN}\",\"t\":1703732078}}\n"), String::new()));
}

#[test]
fn sign_is_good_for_ten_minutes_from_now() {
    let before = wall_now().seconds();
    let [signed] = &Desk::new().run("pullpush sign --key testkey").exits(0).objects()[..] else { panic!("one line") };
    let t = signed["t"].as_u64().unwrap();
    assert!((before + 600..=wall_now().seconds() + 600).contains(&t), "{t}");
}

#[test]
fn what_sign_prints_verify_takes() {
    let desk = Desk::new();
    let done = desk.run("pullpush sign --key testkey | pullpush verify --key testkey -").exits(0);
    assert_eq!(done.stdout, "right\n");
    desk.run("pullpush sign --key testkey > body.json && pullpush verify --key testkey body.json").exits(0);
    desk.run("pullpush sign --key testkey | pullpush verify --key other -").exits(1);
}

#[test]
fn verify_tells_right_from_wrong_and_expired() {
    let desk = Desk::new();
    let verify = |flags: &str| {
        let done = desk.run(format!("pullpush verify {flags}"));
        (done.code, done.stdout)
    };
    let wrong = (1, "wrong: this signature does not belong to this key and t\n".to_owned());
    let expired = (1, "expired: right otherwise; --ignore-expiry takes it\n".to_owned());
    assert_eq!(verify(&format!("{VECTOR} --sign {SIGN}")), expired);
    assert_eq!(verify(&format!("{VECTOR} --sign {}", SIGN.to_uppercase())), expired);
    let ignored = (0, "right; it has expired\n".to_owned());
    assert_eq!(verify(&format!("{VECTOR} --sign {SIGN} --ignore-expiry")), ignored);
    assert_eq!(verify(&format!("--key testkey --t 1703732079 --sign {SIGN}")), wrong);
    assert_eq!(verify(&format!("--key testkez --t 1703732078 --sign {SIGN}")), wrong);
    assert_eq!(verify(&format!("{VECTOR} --sign ''")), wrong);
}

#[test]
fn a_body_expires_too() {
    let desk = Desk::new();
    let send = "pullpush send TaskExit --set payload.key=testkey --epoch 2026-01-01T00:00:00Z";
    desk.run(format!("{send} | pullpush verify --key testkey -")).exits(1).shows("expired");
    desk.run(format!("{send} | pullpush verify --key testkey --ignore-expiry -")).exits(0).shows("right");
    desk.run(format!("{send} | pullpush verify --key other --ignore-expiry -")).exits(1).shows("wrong");
}

#[test]
fn a_body_is_verified_as_it_is_sent() {
    let desk = Desk::new();
    for t_as in ["number", "string"] {
        let set = format!("--set payload.key=testkey --set payload.t_as={t_as}");
        desk.run(format!("pullpush send TaskExit {set} > body.json")).exits(0);
        desk.run("pullpush verify --key testkey body.json").exits(0).shows("right\n");
        desk.run("pullpush verify --key testkey - < body.json").exits(0).shows("right\n");
        desk.run("sed s/314/315/ body.json | pullpush verify --key testkey -").exits(0).shows("right\n");
        desk.run("pullpush verify --key other body.json").exits(1).shows("wrong");
    }
}

#[test]
fn what_cannot_be_verified_is_no_verdict() {
    let desk = Desk::new().file("unsigned.json", "{}").file("text", "hello").file("list.json", "[1]");
    for (flags, words) in [
        ("unsigned.json", "unsigned.json carries no `t` and `sign`: it is not signed"),
        ("list.json", "list.json carries no `t` and `sign`"),
        ("text", "text is not JSON"),
        ("missing.json", "cannot read missing.json"),
        ("- < /dev/null", "- is not JSON"),
        ("", "required"),
        ("--t 1", "--sign <HEX>"),
        (&format!("--sign {SIGN}"), "--t <SECONDS>"),
        ("unsigned.json --t 1 --sign 00", "cannot be used with"),
    ] {
        let done = desk.run(format!("pullpush verify --key testkey {flags}")).exits(2).says(words);
        assert_eq!(done.stdout, "");
    }
}

#[test]
fn a_key_is_letters_and_digits() {
    let long = "k".repeat(33);
    for (key, words) in [
        ("''", "a key has at least one letter or digit"),
        ("a-b", "a key has only letters A-Z, a-z and digits"),
        ("schlüssel", "a key has only letters A-Z, a-z and digits"),
        (long.as_str(), "a key has at most 32 letters and digits"),
    ] {
        for command in ["sign", "verify --t 1 --sign 00", "sink --listen 127.0.0.1:0"] {
            let done = Desk::new().run(format!("pullpush {command} --key {key}")).exits(2);
            assert_eq!((done.stdout, done.stderr), (String::new(), format!("error: --key: {words}\n")));
        }
    }
}
