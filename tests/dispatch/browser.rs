//! A customer orders a drink in a real browser (Debian's `chromium` and `chromium-driver`), while no robot is free.
//!
//! Where there is none, the test says so and passes, unless `JOB_ORCH_BROWSER=required`, as in `scripts/test`. It leaves
//! pictures, whose folder it prints.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::{Client, once};
use crate::robot::data;
use crate::serve::Served;

/// A browser, driven over `WebDriver`.
struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// `None` where none is installed.
    fn start() -> Option<Self> {
        let browser = Self::find();
        if browser.is_none() {
            assert_ne!(
                std::env::var("JOB_ORCH_BROWSER").as_deref(),
                Ok("required"),
                "chromium-driver is not installed"
            );
            println!("skipped: chromium-driver is not installed");
        }
        browser
    }

    fn find() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("chromedriver");
        let driver = command.arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let profile = TempDir::new().unwrap();
        let mut browser = Self { driver, port, session: String::new(), _profile: profile };
        let begun = Instant::now();
        while Client::new(port).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "the driver does not answer");
            thread::sleep(Duration::from_millis(10));
        }
        let folder = format!("--user-data-dir={}", browser._profile.path().display());
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &folder,
        ];
        let options = json!({"args": arguments});
        let wanted = json!({"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}});
        let session = browser.ask("POST", "/session", &json!({"capabilities": {"alwaysMatch": wanted}}));
        browser.session = format!("/session/{}", session["sessionId"].as_str().unwrap());
        Some(browser)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if method == "GET" { String::new() } else { body.to_string() };
        let path = format!("{}{path}", self.session);
        let answer = once(self.port, method, &path, "Content-Type: application/json\r\n", &body);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str::<Value>(&answer.body).unwrap()["value"].take()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.ask("POST", path, body)
    }

    fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({"script": script, "args": []}))
    }

    fn press(&self, keys: &[&str]) {
        let presses = keys
            .iter()
            .flat_map(|key| [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})]);
        let actions: Vec<Value> = presses.collect();
        self.post("/actions", &json!({"actions": [{"type": "key", "id": "keys", "actions": actions}]}));
    }

    fn command(&self, name: &str, parameters: &Value) {
        self.post("/goog/cdp/execute", &json!({"cmd": name, "params": parameters}));
    }

    /// A phone, held upright, by day or by night.
    fn become_phone(&self, scheme: &str) {
        let size = json!({"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true});
        self.command("Emulation.setDeviceMetricsOverride", &size);
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.command("Emulation.setEmulatedMedia", &json!({"features": features}));
    }

    /// Waits until the page shows this, without anybody touching it.
    fn await_text(&self, text: &str) {
        let begun = Instant::now();
        loop {
            let shown = self.run("return document.querySelector('main').innerText").as_str().unwrap().to_owned();
            if shown.contains(text) {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "it shows {shown:?}, not {text:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn picture(&self, name: &str) {
        let begun = Instant::now();
        while self.run("return document.getAnimations().length") != 0 {
            assert!(begun.elapsed() < Duration::from_secs(10), "it never comes to rest");
            thread::sleep(Duration::from_millis(20));
        }
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let picture = self.ask("GET", "/screenshot", &Value::Null);
        fs::write(folder.join(format!("{name}.png")), decode(picture.as_str().unwrap())).unwrap();
    }

    /// The page has not complained of a script that failed, or of one that its policy forbids. Where nobody answered, or refused,
    /// the browser said so itself.
    fn has_not_complained(&self) {
        let complaints = self.post("/se/log", &json!({"type": "browser"}));
        let own = |complaint: &&Value| complaint["source"] != "network";
        assert_eq!(complaints.as_array().unwrap().iter().filter(own).count(), 0, "{complaints}");
    }

    /// Writes this, and presses the enter key.
    fn enter(&self, text: &str) {
        let letters = text.char_indices().map(|(at, letter)| &text[at..at + letter.len_utf8()]);
        self.press(&letters.chain(["\u{E007}"]).collect::<Vec<_>>());
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Ok(mut client) = Client::new(self.port) {
            let _ = client.request("DELETE", &self.session, "", "");
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Base 64.
fn decode(text: &str) -> Vec<u8> {
    let digits = text.bytes().filter_map(|byte| {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".iter().position(|digit| *digit == byte)
    });
    let digits: Vec<u32> = digits.map(|digit| u32::try_from(digit).unwrap()).collect();
    let mut bytes = Vec::new();
    for four in digits.chunks(4) {
        let number = four.iter().fold(0, |number, digit| number << 6 | digit) << (6 * (4 - four.len()));
        bytes.extend_from_slice(&number.to_be_bytes()[1..four.len()]);
    }
    bytes
}

#[test]
fn a_drink_is_ordered_waited_for_and_served() {
    let Some(browser) = Browser::start() else { return };
    let mut served = Served::new("CachedJsonFile");
    let page = format!("http://127.0.0.1:{}/public/?drink=mojito&name=Mojito%20%3Cb%3E", served.port);
    // Somebody was faster.
    assert_eq!(served.client().submit(r#"{"drink":"tea"}"#).unwrap().status, 202);
    browser.become_phone("light");
    browser.post("/url", &json!({"url": page}));
    browser.await_text("Mojito <b>");
    browser.picture("1-order");

    // By keyboard: to the button, and press it.
    browser.press(&["\u{E004}", "\u{E007}"]);
    browser.await_text("One order is before yours.");
    assert_eq!(browser.run("return document.querySelector('#place').innerText"), "2");
    browser.picture("2-in-line");

    let port = served.port;
    let take = || once(port, "POST", "/take-job", "", "");
    assert_eq!(data(&take().body), r#"{"drink":"tea"}"#);
    browser.await_text("You are next in line.");
    // The bar is killed and opens again, under the eyes of its customer.
    served.kill();
    browser.await_text("The bar cannot be reached.");
    browser.picture("6-out-of-reach");
    served.start_there();
    browser.await_text("You are next in line.");
    // Whoever comes back finds the order again.
    browser.post("/refresh", &json!({}));
    browser.await_text("You are next in line.");
    browser.become_phone("dark");
    browser.picture("3-next-by-night");

    let given = take();
    assert_eq!(data(&given.body), r#"{"drink":"mojito","name":"Mojito <b>"}"#);
    browser.await_text("A robot is making your drink.");
    browser.picture("4-being-made-by-night");
    let token = format!("Authorization: Bearer {}\r\n", given.header("job-token").unwrap());
    assert_eq!(once(served.port, "POST", given.header("job-result").unwrap(), &token, "\"here\"").status, 200);
    browser.await_text("Served. Enjoy!");
    browser.become_phone("light");
    browser.picture("5-served");

    // The keyboard is where it goes on.
    browser.press(&["\u{E007}"]);
    let order = "return getComputedStyle(document.querySelector('#order')).display";
    assert_ne!(browser.run(order), "none");
    let width = browser.run("return document.documentElement.scrollWidth");
    assert!(width.as_u64().unwrap() <= 390, "nothing sticks out at the side: {width}");
    browser.has_not_complained();
    // One that says nothing of the drink, on a screen that is not a phone's.
    browser.command("Emulation.clearDeviceMetricsOverride", &json!({}));
    browser.post("/url", &json!({"url": format!("http://127.0.0.1:{port}/public/")}));
    browser.await_text("What would you like?");
    browser.picture("7-choice");
    // A picture that is no address is none, and no reason not to serve.
    browser.post("/url", &json!({"url": format!("http://127.0.0.1:{port}/public/?drink=tea&logo=http://[")}));
    browser.press(&["\u{E004}", "\u{E007}"]);
    browser.await_text("You are next in line.");
    println!("pictures: {}", env!("CARGO_TARGET_TMPDIR"));
}

#[test]
fn a_customer_is_asked_for_the_token_of_a_bar_that_has_one() {
    const TOKEN: &str = "correct-horse-battery-staple";
    let Some(browser) = Browser::start() else { return };
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, TOKEN).unwrap();
    let mut served = Served::with(&["--mode", "CachedJsonFile", "--token-file", file.to_str().unwrap()]);
    let port = served.port;
    let waiting = || {
        let figures = once(port, "GET", "/metrics", &format!("Authorization: Bearer {TOKEN}\r\n"), "").body;
        figures.lines().find_map(|line| line.strip_prefix("job_orch_dispatch_jobs_waiting ")?.parse::<u32>().ok())
    };
    browser.become_phone("light");
    browser.post("/url", &json!({"url": format!("http://127.0.0.1:{port}/public/?drink=tea")}));
    browser.await_text("Order");
    assert_eq!(browser.run("return document.querySelector('#admission').hidden"), true, "nobody has refused yet");
    browser.press(&["\u{E004}", "\u{E007}"]);
    browser.await_text("This bar serves those who know its token.");
    browser.picture("8-token");
    for other in ["correct-horse", "caf\u{e9}"] {
        browser.enter(other);
        browser.await_text("That is not the token of this bar.");
    }
    assert_eq!(waiting(), Some(0));
    browser.enter(TOKEN);
    browser.await_text("You are next in line.");

    // The tab keeps it, and nothing else does.
    browser.post("/refresh", &json!({}));
    browser.await_text("You are next in line.");
    assert_eq!(
        browser.run("return [sessionStorage.token, localStorage.length, document.cookie]"),
        json!([TOKEN, 0, ""])
    );
    served.kill();
    browser.await_text("The bar cannot be reached.");
    served.start_there();
    browser.await_text("You are next in line.");
    // Another tab is asked, and follows the order; it orders nothing.
    browser.run("sessionStorage.clear()");
    browser.post("/refresh", &json!({}));
    browser.await_text("This bar serves those who know its token.");
    browser.enter(TOKEN);
    browser.await_text("You are next in line.");
    assert_eq!(waiting(), Some(1));
    browser.has_not_complained();
}
