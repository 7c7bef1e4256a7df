//! What is shipped for operation: alert rules, dashboard and configuration name what is there, and promtool, where it is
//! installed, has nothing against it.

#![allow(clippy::expect_used, clippy::print_stdout)]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use xianshen::metrics::Metrics;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root(path)).expect(path)
}

/// Every metric with a series, as Prometheus scrapes them.
fn scraped() -> String {
    let metrics = Metrics::new().expect("metrics");
    metrics.show_ruleset("0123456789abcdef", 1);
    metrics.http_requests_total.with_label_values(&["/healthz", "GET", "2xx"]).inc();
    metrics.http_request_duration_seconds.with_label_values(&["/healthz"]).observe(0.1);
    metrics.show_lag("xianshen.drafts", 0, 0);
    metrics.kafka_commit_failures_total.with_label_values(&["Fail"]).inc();
    metrics.producer_delivery_errors_total.with_label_values(&["Fail"]).inc();
    metrics.dlq_records_total.with_label_values(&["not_json"]).inc();
    metrics.render().expect("text")
}

#[test]
fn alerts_dashboard_and_manuals_name_metrics_that_are_there() {
    let scraped = scraped();
    let known: BTreeSet<&str> =
        scraped.lines().filter_map(|line| line.strip_prefix("# TYPE ")).filter_map(|line| line.split(' ').next()).collect();
    for path in ["deploy/alerts.yml", "deploy/grafana/dashboards/xianshen.json", "docs/kafka.md", "README.md", "README.zh-CN.md"] {
        let text = text(path);
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        // The bare prefix is a name of nothing.
        for word in words.filter(|word| word.strip_prefix("xianshen_").is_some_and(|rest| !rest.is_empty())) {
            let name = word.strip_suffix("_bucket").unwrap_or(word);
            assert!(known.contains(name), "{path}: {word}");
        }
    }
}

#[test]
fn the_dashboard_is_json_and_its_panels_do_not_overlap() {
    let dashboard: serde_json::Value = serde_json::from_str(&text("deploy/grafana/dashboards/xianshen.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let places: BTreeSet<String> = panels.iter().map(|panel| format!("{} {}", panel["gridPos"]["x"], panel["gridPos"]["y"])).collect();
    assert!(panels.len() >= 20 && places.len() == panels.len());
}

#[test]
fn the_configuration_for_containers_is_one() {
    let folder = tempfile::tempdir().expect("folder");
    let token = folder.path().join("token");
    std::fs::write(&token, "0123456789abcdef".repeat(4)).expect("writes");
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).expect("mode");
    let config = folder.path().join("xianshen.toml");
    std::fs::write(&config, text("deploy/xianshen.toml").replace("/tokens/token", &token.display().to_string())).expect("writes");
    let checked = Command::new(env!("CARGO_BIN_EXE_xianshen")).args(["config", "check", "--offline"]).arg(&config).output().expect("runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}

#[test]
fn promtool_has_nothing_against_rules_scrape_and_metrics() {
    if Command::new("promtool").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        println!("SKIPPED: alert rules and metrics by promtool (Debian package prometheus is not installed)");
        return;
    }
    let folder = tempfile::tempdir().expect("folder");
    std::fs::copy(root("deploy/alerts.yml"), folder.path().join("alerts.yml")).expect("copies");
    // The file of the token is only there in the container.
    std::fs::write(folder.path().join("token"), "x").expect("writes");
    let scrape = text("deploy/prometheus.yml").replace("/tokens/token", &folder.path().join("token").display().to_string());
    std::fs::write(folder.path().join("prometheus.yml"), scrape).expect("writes");
    let run = |arguments: &[&str], input: &str| {
        let mut child = Command::new("promtool")
            .args(arguments)
            .current_dir(root("deploy"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("promtool");
        child.stdin.take().expect("input").write_all(input.as_bytes()).expect("writes");
        let output = child.wait_with_output().expect("ends");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "promtool {arguments:?}: {said}");
    };
    run(&["check", "config", &folder.path().join("prometheus.yml").display().to_string()], "");
    run(&["test", "rules", "alerts.test.yml"], "");
    run(&["check", "metrics"], &scraped());
}
