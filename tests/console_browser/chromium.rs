//! Runs headless Chromium over one page and hands back the document as it stands after its scripts.
//! Must not know what the page should look like.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Longest time for one page.
const PAGE_SECONDS_MAX: u64 = 600;

pub struct Chromium {
    program: PathBuf,
}

/// What was asked for, and what the page came to.
pub struct Visit {
    pub document: String,
    /// Every address that any part of the browser tried to load.
    pub addresses: Vec<String>,
}

impl Chromium {
    /// The browser on this machine, if there is one.
    pub fn find() -> Option<Self> {
        let folders = std::env::var_os("PATH")?;
        let names = ["chromium", "chromium-browser", "google-chrome"];
        let program = std::env::split_paths(&folders).flat_map(|folder| names.map(|name| folder.join(name))).find(|path| path.is_file())?;
        Some(Self { program })
    }

    /// Opens `address` in a window of that size, with a profile of its own and no way out of the machine.
    pub fn visit(&self, address: &str, window: (u32, u32)) -> Result<Visit, String> {
        self.run(address, window, "--dump-dom")
    }

    /// Opens `address` for a picture, which alone allows a window as narrow as a phone; the document is not told.
    pub fn picture(&self, address: &str, window: (u32, u32)) -> Result<(), String> {
        self.run(address, window, "--screenshot").map(|_| ())
    }

    fn run(&self, address: &str, (width, height): (u32, u32), task: &str) -> Result<Visit, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let netlog = folder.path().join("net.json");
        let mut browser = Command::new(&self.program)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"])
            .args(["--disable-sync", "--disable-default-apps", "--no-first-run", "--disable-dev-shm-usage"])
            .args(["--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--virtual-time-budget=5000", task])
            .current_dir(folder.path())
            .arg(format!("--window-size={width},{height}"))
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .arg(format!("--log-net-log={}", netlog.display()))
            .arg(address)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let document = document(&mut browser)?;
        let status = browser.wait().map_err(|error| error.to_string())?;
        if !status.success() {
            return Err(format!("the browser ended with {status}"));
        }
        Ok(Visit { document, addresses: addresses(&netlog)? })
    }
}

/// All that the browser prints, or an error when it does not come to an end.
fn document(browser: &mut Child) -> Result<String, String> {
    let mut out = browser.stdout.take().ok_or("a browser without output")?;
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut document = String::new();
        let read = out.read_to_string(&mut document).map(|_| document);
        // Nobody listens any more once the time is up.
        drop(send.send(read));
    });
    match receive.recv_timeout(Duration::from_secs(PAGE_SECONDS_MAX)) {
        Ok(document) => document.map_err(|error| error.to_string()),
        Err(_) => {
            browser.kill().and_then(|()| browser.wait()).map_err(|error| error.to_string())?;
            Err(format!("no page within {PAGE_SECONDS_MAX} s"))
        }
    }
}

fn addresses(netlog: &Path) -> Result<Vec<String>, String> {
    let bytes = std::fs::read(netlog).map_err(|error| error.to_string())?;
    let log: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    let events = log["events"].as_array().ok_or("a log without events")?;
    let mut addresses: Vec<String> = events.iter().filter_map(|event| event["params"]["url"].as_str()).map(str::to_owned).collect();
    addresses.sort();
    addresses.dedup();
    Ok(addresses)
}
