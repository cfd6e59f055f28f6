//! Files cut or damaged at any byte are refused without a crash.

mod support;

use ferrom::error::Kind;
use ferrom::parallel::Comm;
use ferrom::stages::describe;
use support::study::Study;

#[test]
fn a_store_cut_at_any_byte_is_refused() {
    let study = Study::full();
    for name in ["s.h5", "m.h5", "r.h5", "bare.h5"] {
        let whole = study.read(name);
        // every byte of the first pieces of the format, then every so often, and the last ones
        let cuts = (0..200).chain((200..whole.len()).step_by(211)).chain(whole.len() - 3..whole.len());
        for cut in cuts {
            study.write("cut.h5", &whole[..cut]);
            match describe(&Comm::serial(), &study.path("cut.h5")) {
                Err(e) => {
                    assert!(e.kind == Kind::Input && e.message.contains("cut.h5"), "{name} to {cut}: {e}");
                }
                Ok(_) => panic!("{name} cut to {cut} of {} bytes was read", whole.len()),
            }
        }
    }
}

#[test]
fn every_command_refuses_a_store_that_is_cut() {
    let study = Study::full();
    for (name, commands) in [
        (
            "s.h5",
            &["info cut.h5", "offline cut.h5 -o x.h5", "compare r.h5 cut.h5", "import cut.h5 -o x.h5"][..],
        ),
        ("m.h5", &["info cut.h5", "online cut.h5 -o x.h5", "online cut.h5 -o x.h5 --rebuild U"]),
        ("r.h5", &["compare cut.h5 s.h5", "export cut.h5 -o e.ut"]),
    ] {
        let whole = study.read(name);
        for (i, share) in [0.001, 0.1, 0.5, 0.9, 0.999].iter().enumerate() {
            study.write("cut.h5", &whole[..(whole.len() as f64 * share) as usize]);
            for (k, words) in commands.iter().enumerate() {
                study.refused_on(1, words, 3, &["cut.h5"]);
                if i == k {
                    study.refused_on(2, words, 3, &["cut.h5"]);
                }
            }
        }
    }
}

#[test]
fn a_store_with_damaged_bytes_is_read_or_refused() {
    let study = Study::full();
    for name in ["s.h5", "m.h5"] {
        let whole = study.read(name);
        for at in (48..whole.len() - 16).step_by(601) {
            let mut bytes = whole.clone();
            bytes[at..at + 16].iter_mut().for_each(|b| *b = !*b);
            study.write("bad.h5", &bytes);
            if let Err(e) = describe(&Comm::serial(), &study.path("bad.h5")) {
                assert!(e.kind == Kind::Input && e.message.contains("bad.h5"), "{name} at {at}: {e}");
            }
        }
    }
}
