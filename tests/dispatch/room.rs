//! Heads and lines have room for so much, and what is more is refused.

use crate::http::once;
use crate::serve::{DURABLE, MODES, Served};

#[test]
fn heads_and_lines_have_limits() {
    let mut served = Served::idle(&["--max-jobs", "2", "--max-workers", "1", "--allow-local-callbacks"]);
    served.start();
    let many: String = (0..100).map(|number| format!("x-{number}: 1\r\n")).collect();
    assert_eq!(once(served.port, "GET", "/healthz", &many, "").status, 431);
    let mut client = served.client();
    assert_eq!(client.register("http://127.0.0.1:1/").unwrap().status, 202);
    let full = client.register("http://127.0.0.1:1/").unwrap();
    assert_eq!((full.status, &*full.body, full.header("retry-after")), (503, r#"{"Error":"Full"}"#, Some("1")));
    for status in [202, 202, 503] {
        assert_eq!(client.submit("1").unwrap().status, status);
    }
}

#[test]
fn a_line_has_room_for_so_many_bytes() {
    let job = format!("\"{}\"", "x".repeat(1000));
    for mode in MODES {
        let mut served = Served::with(&["--mode", mode, "--max-waiting-bytes", "3000"]);
        let submit = |served: &Served| served.client().submit(&job).unwrap().status;
        assert_eq!([(); 3].map(|()| submit(&served)), [202, 202, 503], "{mode}");
        if DURABLE.contains(&mode) {
            served.kill();
            served.start();
            assert_eq!(submit(&served), 503, "{mode}");
        }
        for _ in 0..2 {
            assert_eq!(once(served.port, "POST", "/take-job", "", "").status, 200, "{mode}");
        }
        assert_eq!([(); 3].map(|()| submit(&served)), [202, 202, 503], "{mode}");
        let refused = served.client().submit(&job).unwrap();
        assert_eq!((&*refused.body, refused.header("retry-after")), (r#"{"Error":"Full"}"#, Some("1")), "{mode}");
    }
}
