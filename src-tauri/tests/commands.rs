//! The commands answer the page without a desktop, over a real engine in an empty data folder.
#![allow(clippy::unwrap_used)]

use docmind_app::bindings::invoke_handler;
use docmind_app::desk::Desk;
use docmind_app::drops::{self, DropEvent, DroppedEvidence};
use docmind_app::error::Reported;
use docmind_app::host::{Host, PickKind};
use docmind_engine::documents::ListRequest;
use docmind_engine::{Background, Engine, EngineOptions, OpenMode};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use tauri::http::HeaderMap;
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder, mock_context, noop_assets};
use tauri::webview::InvokeRequest;
use tauri::{App, Manager, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

/// A desktop that remembers what it was asked.
#[derive(Default)]
struct Pretended {
    opened: Mutex<Vec<String>>,
}

impl Host for Pretended {
    fn pick(&self, _: PickKind) -> Vec<PathBuf> {
        vec![PathBuf::from("/chosen.pdf")]
    }

    fn samples(&self) -> Reported<PathBuf> {
        Ok(PathBuf::from("/samples"))
    }

    fn save_as(&self, _: &str) -> Option<PathBuf> {
        None
    }

    fn open_url(&self, url: &str) -> Reported<()> {
        self.opened.lock().unwrap().push(url.to_owned());
        Ok(())
    }

    fn open_path(&self, path: &Path) -> Reported<()> {
        self.opened.lock().unwrap().push(path.display().to_string());
        Ok(())
    }

    fn reveal(&self, path: &Path) -> Reported<()> {
        self.open_path(path)
    }

    fn draw_attention(&self) -> Reported<()> {
        self.opened.lock().unwrap().push("attention".to_owned());
        Ok(())
    }
}

struct Window {
    page: WebviewWindow<MockRuntime>,
    _app: App<MockRuntime>,
    host: Arc<Pretended>,
    folder: tempfile::TempDir,
}

fn window() -> Window {
    window_over(tempfile::tempdir().unwrap())
}

fn options(folder: &Path) -> EngineOptions {
    EngineOptions {
        data_dir: Some(folder.join("data")),
        runtime_dir: None,
        bin_dir: None,
        mode: OpenMode::ReadWrite,
        background: Background::Nothing,
    }
}

fn window_over(folder: tempfile::TempDir) -> Window {
    let app = mock_builder()
        .invoke_handler(invoke_handler())
        .build(mock_context(noop_assets()))
        .unwrap();
    let host = Arc::new(Pretended::default());
    let desk = Desk::new(Arc::clone(&host) as Arc<dyn Host>);
    desk.open(options(folder.path()));
    app.manage(desk);
    let page = WebviewWindowBuilder::new(&app, "main", WebviewUrl::default())
        .build()
        .unwrap();
    Window {
        page,
        _app: app,
        host,
        folder,
    }
}

impl Window {
    fn call(&self, command: &str, arguments: Value) -> Result<Value, Value> {
        let request = InvokeRequest {
            cmd: command.to_owned(),
            callback: tauri::ipc::CallbackFn(0),
            error: tauri::ipc::CallbackFn(1),
            url: "tauri://localhost".parse().unwrap(),
            body: tauri::ipc::InvokeBody::Json(arguments),
            headers: HeaderMap::default(),
            invoke_key: INVOKE_KEY.to_owned(),
        };
        get_ipc_response(&self.page, request).map(|body| body.deserialize().unwrap())
    }
}

#[test]
fn an_empty_library_answers() {
    let window = window();
    assert_eq!(window.call("summary", json!({})).unwrap()["ready"], 0);
    let list = window.call("documents", json!({ "request": { "limit": 10 } })).unwrap();
    assert_eq!((list["total"].clone(), list["rows"].clone()), (json!(0), json!([])));
    assert_eq!(
        window.call("conversations", json!({ "containing": "" })).unwrap(),
        json!([])
    );
    assert_eq!(
        window.call("version", json!({})).unwrap(),
        json!(env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn failures_cross_with_code_and_message() {
    let window = window();
    let report = window.call("document", json!({ "id": 99 })).unwrap_err();
    assert_eq!(report["code"], "no_such_document");
    assert!(
        report["message"].as_str().unwrap().contains('\n'),
        "says what to do next"
    );
}

#[test]
fn settings_are_kept() {
    let window = window();
    let change = |change: Value| window.call("change_settings", json!({ "change": change }));
    change(json!({ "theme": "dark" })).unwrap();
    let kept = change(json!({ "welcomed": true, "model": null })).unwrap();
    assert_eq!(kept["theme"], "dark", "what is not named stays");
    assert_eq!(window.call("settings", json!({})).unwrap(), kept);
    let report = change(json!({ "welcomed": false, "text_size": "huge" })).unwrap_err();
    assert_eq!(report["code"], "bad_setting");
    assert_eq!(window.call("settings", json!({})).unwrap(), kept);
}

#[test]
fn a_model_that_is_none_is_refused_by_a_job_that_ends() {
    let window = window();
    let arguments = json!({ "job": 1, "path": "/nowhere/model.gguf", "events": "__CHANNEL__:1" });
    let report = window.call("add_model", arguments).unwrap_err();
    assert_eq!(report["code"], "file_unreadable");
}

#[test]
fn a_server_without_an_address_is_said_to_have_none() {
    let window = window();
    let change = json!({ "backend": "ollama", "remote_url": "" });
    window.call("change_settings", json!({ "change": change })).unwrap();
    let report = window.call("remote_models", json!({ "job": 1 })).unwrap_err();
    assert_eq!(report["code"], "remote_bad_address");
}

#[test]
fn collections_are_made_renamed_and_deleted() {
    let window = window();
    let id = window
        .call("create_collection", json!({ "name": "Leases", "documents": [] }))
        .unwrap();
    window
        .call("rename_collection", json!({ "id": id, "name": "Contracts" }))
        .unwrap();
    assert_eq!(window.call("collections", json!({})).unwrap()[0]["name"], "Contracts");
    window.call("delete_collection", json!({ "id": id })).unwrap();
    assert_eq!(window.call("collections", json!({})).unwrap(), json!([]));
    window.call("restore_collection", json!({ "id": id })).unwrap();
    assert_eq!(window.call("collections", json!({})).unwrap()[0]["id"], id);
}

#[test]
fn the_end_of_long_work_is_pointed_at() {
    let window = window();
    assert_eq!(window.call("draw_attention", json!({})).unwrap(), Value::Null);
    assert_eq!(*window.host.opened.lock().unwrap(), ["attention"]);
}

#[test]
fn only_web_and_mail_links_reach_the_system() {
    let window = window();
    window
        .call("open_link", json!({ "url": "https://example.org/x" }))
        .unwrap();
    for url in ["javascript:alert(1)", "file:///etc/passwd", "smb://h/s"] {
        assert_eq!(
            window.call("open_link", json!({ "url": url })).unwrap_err()["code"],
            "link_refused"
        );
    }
    assert_eq!(*window.host.opened.lock().unwrap(), ["https://example.org/x"]);
}

#[test]
fn diagnostics_hold_no_path_of_the_person() {
    let window = window();
    let folder = window.folder.path().display().to_string();
    let change = json!({ "embedder": format!("{folder}/mine"), "reranker": format!("{folder}/ours") });
    window.call("change_settings", json!({ "change": change })).unwrap();
    let text = window.call("diagnostics", json!({})).unwrap();
    assert!(text.as_str().unwrap().contains("version"));
    assert!(!text.as_str().unwrap().contains(&folder), "{text}");
}

#[test]
fn a_library_that_was_in_use_is_opened_when_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let other = Engine::open(options(folder.path())).unwrap();
    let window = window_over(folder);
    let report = window.call("summary", json!({})).unwrap_err();
    assert_eq!(report["code"], "library_in_use");
    other.close();
    drop(other);
    assert_eq!(window.call("summary", json!({})).unwrap()["ready"], 0);
}

/// A desk over a library in `folder`, and a file there to drop.
fn desk_and_file(folder: &Path) -> (Desk, PathBuf) {
    let bin = folder.join("bin");
    std::fs::create_dir(&bin).unwrap();
    // Never started.
    std::fs::write(bin.join(format!("docmind-parse{}", std::env::consts::EXE_SUFFIX)), "").unwrap();
    let desk = Desk::new(Arc::new(Pretended::default()));
    desk.open(EngineOptions {
        bin_dir: Some(bin),
        ..options(folder)
    });
    let file = folder.join("lease.txt");
    std::fs::write(&file, "The rent is due on the third day.").unwrap();
    (desk, file)
}

/// Waits until the library lists one document, and gives its path.
fn only_document(desk: &Desk) -> String {
    for _ in 0..600 {
        let page =
            tauri::async_runtime::block_on(desk.run(|engine| engine.documents(&ListRequest::default()))).unwrap();
        if let [row] = page.rows.as_slice() {
            return row.path.clone();
        }
        assert_eq!(page.total, 0, "one document was dropped");
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("nothing was added");
}

#[test]
fn evidence_that_is_dropped_is_looked_up_and_the_rest_is_added() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, file) = desk_and_file(folder.path());
    let [first, second] = ["a.evidence.json", "b.json"].map(|name| {
        let path = folder.path().join(name);
        std::fs::write(&path, r#"{ "docmind_evidence": 1, "title": "Lease", "turns": [] }"#).unwrap();
        path
    });
    let (tell, told) = mpsc::channel();
    let _heard = drops::listen(&desk, move |event| drop(tell.send(event.clone())));
    drops::take(&desk, vec![first.clone(), file, second]);
    let next = || told.recv_timeout(Duration::from_secs(30)).unwrap();
    let path = first.to_string_lossy().into_owned();
    assert_eq!(next(), DropEvent::Evidence(DroppedEvidence { path }));
    assert!(matches!(next(), DropEvent::Failed(report) if report.code == "evidence_one_by_one"));
    assert!(only_document(&desk).ends_with("lease.txt"));
}

/// Of the file itself, not of the text that the page has for its name.
#[cfg(target_os = "linux")]
#[test]
fn a_dropped_file_is_found_though_its_name_is_no_utf_8() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let (desk, file) = desk_and_file(folder.path());
    let old = folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.txt"));
    std::fs::rename(file, &old).unwrap();
    let _heard = drops::listen(&desk, |_| {});
    // As WebKit tells it.
    drops::take(&desk, vec![folder.path().join("caf\u{fffd}.txt")]);
    assert!(only_document(&desk).ends_with("caf\u{fffd}.txt"));
}

#[test]
fn files_named_at_the_start_wait_for_a_library_that_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let other = Engine::open(options(folder.path())).unwrap();
    let (desk, file) = desk_and_file(folder.path());
    drops::take(&desk, vec![file]);
    let report = tauri::async_runtime::block_on(desk.run(Engine::summary)).unwrap_err();
    assert_eq!(report.code, "library_in_use");
    other.close();
    drop(other);
    // As the page does it once its settings could be read.
    tauri::async_runtime::block_on(desk.run(Engine::summary)).unwrap();
    let _heard = drops::listen(&desk, |_| {});
    assert!(only_document(&desk).ends_with("lease.txt"));
}

#[test]
fn what_closing_stops_ends_before_the_library_does() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Arc::new(Desk::new(Arc::new(Pretended::default())));
    desk.open(options(folder.path()));
    let (tell, told) = mpsc::channel();
    let job = tauri::async_runtime::spawn({
        let desk = Arc::clone(&desk);
        async move {
            desk.run_job(1, move |_, cancel| {
                tell.send("begun").unwrap();
                while !cancel.is_cancelled() {
                    std::thread::sleep(Duration::from_millis(5));
                }
                // As the words of a stopped answer are kept.
                std::thread::sleep(Duration::from_millis(200));
                tell.send("kept").unwrap();
                Ok(())
            })
            .await
        }
    });
    assert_eq!(told.recv_timeout(Duration::from_secs(30)), Ok("begun"));
    desk.close();
    assert_eq!(told.try_recv(), Ok("kept"));
    tauri::async_runtime::block_on(job).unwrap().unwrap();
}

#[test]
fn commands_are_at_most_fifteen_lines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands");
    let mut commands = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for command in text.split("#[tauri::command]").skip(1) {
            let function = command.find("pub ").map(|start| &command[start..]).unwrap();
            let lines = function.lines().take_while(|line| *line != "}").count() + 1;
            let name = function.lines().next().unwrap();
            assert!(lines <= 15, "{}: `{name}` has {lines} lines", path.display());
            commands += 1;
        }
    }
    assert!(commands > 40, "only {commands} commands were found");
}
