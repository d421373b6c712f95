//! The HTTP API: what it answers, and what it does not put up with.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::place::{Place, Running};

/// An answer, as a snapshot shows it.
fn shown(agent: &Running, place: &Place, method: &str, path: &str, body: &Value) -> String {
    let answer = match method {
        "GET" => agent.api.get(path),
        "DELETE" => agent.api.delete(path),
        _ => agent.api.post(path, body),
    };
    let answer = answer.unwrap();
    let text = format!("{:#}", answer.json());
    place.plain(&format!(
        "{method} {path} {body} => {}\n{text}\n",
        answer.status
    ))
}

fn timeless() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"sha256:[0-9a-f]{64}", "sha256:[DIGEST]");
    settings.add_filter(r"/volumes/[0-9a-f]{64}/", "/volumes/[HEX]/");
    settings.add_filter(r"\b1[789][0-9]{8}\b", "[TIME]");
    settings.add_filter(r#""fetched": [1-9][0-9]*"#, r#""fetched": [BYTES]"#);
    settings.bind_to_scope()
}

#[test]
fn the_api_from_nothing_to_a_released_lease() {
    let place = Place::new();
    place.configure("", &place.followed("1h"));
    let agent = place.run();
    agent.until("the version is there", |agent| agent.leads_to("1"));
    agent.until("nothing goes on", |agent| {
        agent.get("/v1/status")["references"][0]["state"] == "deployed"
    });
    let manifest = agent.get("/v1/volumes")["volumes"][0]["manifest"].clone();
    let none = json!(null);
    let amd64 = "linux/amd64";
    let requests = [
        ("GET", "/healthz", none.clone()),
        ("GET", "/readyz", none.clone()),
        ("GET", "/v1/status", none.clone()),
        ("GET", "/v1/volumes", none.clone()),
        (
            "POST",
            "/v1/volumes",
            json!({ "reference": "main", "platform": amd64 }),
        ),
        (
            "POST",
            "/v1/volumes",
            json!({ "reference": place.reference(), "platform": amd64, "pull": "always" }),
        ),
        (
            "POST",
            "/v1/leases",
            json!({ "id": "a/b", "reference": "main", "platform": amd64 }),
        ),
        (
            "POST",
            "/v1/leases",
            json!({ "id": "soon", "manifest": manifest, "seconds": 3600 }),
        ),
        ("GET", "/v1/leases", none.clone()),
        ("DELETE", "/v1/leases/a%2Fb", none.clone()),
        ("DELETE", "/v1/leases/a%2Fb", none.clone()),
        ("POST", "/v1/collect", json!({ "dry_run": true })),
        ("POST", "/v1/check", json!({ "name": "main" })),
    ];
    let said: Vec<String> = requests
        .iter()
        .map(|(method, path, body)| shown(&agent, &place, method, path, body))
        .collect();
    let _timeless = timeless();
    insta::assert_snapshot!(
        said.join("\n")
            .replace(manifest.as_str().unwrap(), "sha256:[DIGEST]")
    );
}

#[test]
fn what_is_refused_is_a_problem() {
    let place = Place::new();
    place.configure("", "");
    let agent = place.run();
    let gone = format!("sha256:{}", "0".repeat(64));
    let requests = [
        ("GET", "/", json!(null)),
        ("DELETE", "/v1/volumes", json!(null)),
        ("POST", "/v1/volumes", json!({ "reference": "krunner" })),
        ("POST", "/v1/volumes", json!({ "reference": "oci:/etc" })),
        (
            "POST",
            "/v1/volumes",
            json!({ "reference": "user:s3cret@a.example/x:1" }),
        ),
        (
            "POST",
            "/v1/volumes",
            json!({ "reference": "a.example/x:1", "platfrom": "linux/amd64" }),
        ),
        (
            "POST",
            "/v1/volumes",
            json!({ "reference": "a.example/x:1", "platform": "windows/amd64" }),
        ),
        (
            "POST",
            "/v1/volumes",
            json!({ "reference": "127.0.0.1:1/x:1" }),
        ),
        (
            "POST",
            "/v1/volumes",
            json!({ "reference": format!("{}/krunner:16", place.registry.address) }),
        ),
        ("POST", "/v1/leases", json!({ "id": "a" })),
        (
            "POST",
            "/v1/leases",
            json!({ "id": "a", "manifest": "sha256:0" }),
        ),
        ("POST", "/v1/leases", json!({ "id": "a", "manifest": gone })),
        (
            "POST",
            "/v1/leases",
            json!({ "id": "", "reference": place.reference(), "platform": "linux/amd64" }),
        ),
        ("POST", "/v1/check", json!({ "name": "none" })),
        ("GET", "/v1/events?after=x", json!(null)),
    ];
    let said: Vec<String> = requests
        .iter()
        .map(|(method, path, body)| {
            let said = shown(&agent, &place, method, path, body);
            assert!(
                !said.split("=>").nth(1).unwrap().contains("s3cret"),
                "{said}"
            );
            said
        })
        .collect();
    let _timeless = timeless();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn metrics_are_told_by_the_socket_and_by_tcp_and_nothing_else_is() {
    let place = Place::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let tcp = format!("[metrics]\nlisten = \"{address}\"\n");
    place.configure("", &format!("{tcp}{}", place.followed("1h")));
    let agent = place.run();
    agent.until("the version is there", |agent| agent.leads_to("1"));
    agent.until("the look has ended", |agent| {
        agent.get("/v1/status")["references"][0]["state"] == "deployed"
    });
    let answer = agent.api.get("/metrics").unwrap();
    let text = place.plain(&String::from_utf8(answer.body).unwrap());
    // What may be asked once or twice more while something is waited for.
    let steady = text
        .lines()
        .filter(|line| !line.starts_with("krunner_http_requests_total{"))
        .map(|line| format!("{line}\n"));
    let steady: String = steady.collect();
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\b1[789][0-9]{8}\b", "[TIME]");
    settings.add_filter(r"(bytes[a-z_]*(\{.*\})?) [1-9][0-9]*", "$1 [BYTES]");
    settings.add_filter(r"(collections_total) [0-9]+", "$1 [COUNT]");
    settings.bind(|| insta::assert_snapshot!(steady));
    assert!(text.contains(r#"krunner_http_requests_total{route="/v1/status",status="200"}"#));
    let mut said = String::new();
    for path in ["/readyz", "/v1/volumes"] {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        stream.read_to_string(&mut said).unwrap();
    }
    assert!(
        said.contains("200 OK") && said.contains("404 Not Found"),
        "{said}"
    );
}

#[test]
fn events_are_told_as_they_come_and_again_to_who_comes_back() {
    let place = Place::new();
    place.configure("", &place.followed("1h"));
    let agent = place.run();
    let mut listening = UnixStream::connect(place.path("api.sock")).unwrap();
    listening
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    write!(listening, "GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut heard = String::new();
    let mut hear = |until: &str| {
        let mut buffer = [0; 4096];
        while !heard.contains(until) {
            let count = listening.read(&mut buffer).unwrap();
            assert!(count > 0, "{heard}");
            heard.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
        heard.clone()
    };
    hear("event: deployed");
    let wanted = json!({ "id": "x", "reference": "main" });
    assert_eq!(agent.api.post("/v1/leases", &wanted).unwrap().status, 201);
    let said = hear("event: leased");
    assert!(said.contains("text/event-stream"), "{said}");
    let position = |text: &str| said.find(text).unwrap();
    assert!(position("event: started") < position("event: deployed"));
    // Whoever comes back begins where it was.
    let mut again = UnixStream::connect(place.path("api.sock")).unwrap();
    write!(
        again,
        "GET /v1/events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 1\r\n\r\n"
    )
    .unwrap();
    let mut said = String::new();
    let mut buffer = [0; 4096];
    while !said.contains("event: leased") {
        let count = again.read(&mut buffer).unwrap();
        said.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    assert!(!said.contains("event: started"), "{said}");
}

#[test]
fn requests_that_are_too_large_or_none_at_all_are_answered_and_closed() {
    let place = Place::new();
    place.configure("", "");
    let agent = place.run();
    let mode = std::fs::metadata(place.path("api.sock"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o660);
    let say = |bytes: &[u8]| {
        let mut stream = UnixStream::connect(place.path("api.sock")).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        // The other end may close before all is said.
        let _ = stream.write_all(bytes);
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        String::from_utf8_lossy(&said)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let head = "POST /v1/volumes HTTP/1.1\r\nHost: x\r\n";
    let long = format!("{head}Content-Length: 70000\r\n\r\n{}", " ".repeat(70000));
    assert_eq!(say(long.as_bytes()), "HTTP/1.1 413 Payload Too Large");
    let wide = format!("{head}X: {}\r\n\r\n", "x".repeat(20000));
    assert_eq!(
        say(wide.as_bytes()),
        "HTTP/1.1 431 Request Header Fields Too Large"
    );
    let typed = format!("{head}Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{{}}");
    assert_eq!(say(typed.as_bytes()), "HTTP/1.1 415 Unsupported Media Type");
    assert_eq!(
        say(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"),
        "HTTP/1.1 400 Bad Request"
    );
    // Many who say nothing keep nobody else from being heard, as long as there are places.
    let idle: Vec<UnixStream> = (0..40)
        .map(|_| UnixStream::connect(place.path("api.sock")).unwrap())
        .collect();
    assert_eq!(agent.get("/healthz")["status"], "ok");
    drop(idle);
}
