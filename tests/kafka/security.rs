//! TLS and SASL against a real Kafka: who is known gets in, who is not is told why, and no secret is left anywhere.

use crate::Cluster;
use crate::broker::{Extra, Kafka};
use crate::ledger::{Ledger, check, wait_for_no_lag};
use crate::support::{self};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const PASSWORD: &str = "correct-horse-9341";

pub fn run() {
    let folder = tempfile::tempdir().expect("folder");
    let at = folder.path();
    if Command::new("openssl").arg("version").stdout(Stdio::null()).status().is_err() {
        return support::skip("TLS and SASL on real Apache Kafka (openssl is not installed)");
    }
    make_certificates(at);
    let kafka = match Kafka::start_with(1, &listeners(at)) {
        Ok(kafka) => kafka,
        Err(reason) => return support::skip(&reason),
    };
    let plain = Cluster { brokers: kafka.brokers(), mock: None, copies: 1, security: String::new() };
    let authority = format!("ca_file = \"{}\"\n", at.join("ca.pem").display());
    let password = secret(at, "password", PASSWORD);
    let sasl = |mechanism: &str, password: &str| {
        format!(
            "security = \"sasl_ssl\"\nsasl_mechanism = \"{mechanism}\"\nsasl_username = \"clerk\"\nsasl_password_file = \"{password}\"\n"
        )
    };
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        println!("{mechanism} …");
        screens(&plain, kafka.extra(0), &format!("s-{mechanism}"), authority.clone() + &sasl(mechanism, &password));
    }
    println!("refused …");
    let wrong = secret(at, "wrong", "battery-staple-77");
    let stranger = format!("ca_file = \"{}\"\n", at.join("stranger.pem").display());
    for (security, said) in
        [(authority.clone() + &sasl("SCRAM-SHA-512", &wrong), "身份验证没有通过"), (stranger + &sasl("PLAIN", &password), "TLS 握手失败")]
    {
        refused(kafka.extra(0), security, said);
    }
    println!("certificates of both sides …");
    let ours = format!("certificate_file = \"{}\"\nkey_file = \"{}\"\n", at.join("client.pem").display(), at.join("client.key").display());
    let ssl = format!("security = \"ssl\"\n{authority}");
    screens(&plain, kafka.extra(1), "s-tls", ssl.clone() + &ours);
    refused(kafka.extra(1), ssl, "TLS 握手失败");
}

/// Commands and processes that know a password and find no broker: not a word of it, however much is logged.
pub fn secrets_are_shown_nowhere() {
    const CANARY: &str = "canary-4f1c-password";
    let folder = tempfile::tempdir().expect("folder");
    let at = folder.path();
    let password = secret(at, "password", CANARY);
    let config = at.join("x.toml");
    let text = format!(
        "[kafka]\nbrokers = \"127.0.0.1:9\"\nsecurity = \"sasl_plaintext\"\nsasl_mechanism = \"PLAIN\"\nsasl_username = \"clerk\"\n\
         sasl_password_file = \"{password}\"\n[log]\nlevel = \"trace\"\n[store]\ndata = \"{}\"\n",
        at.join("data").display()
    );
    std::fs::write(&config, text).expect("writes");
    let serve = ["serve", "--role", "screen", "--listen", "127.0.0.1:0", "--from", "earliest", "--config"];
    let commands: [&[&str]; 6] = [
        &["config", "check"],
        &["topics", "check", "--config"],
        &["dlq", "list", "--config"],
        &["dlq", "replay", "--all", "--config"],
        &["inbox", "forward", "--config"],
        &serve,
    ];
    // Each waits for brokers for a while: side by side.
    let running = commands.map(|words| {
        let child = Command::new(env!("CARGO_BIN_EXE_xianshen"))
            .args(words)
            .arg(&config)
            .env("RUST_BACKTRACE", "full")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("runs");
        let process = format!("/proc/{}", child.id());
        support::pause(300);
        let shown = |name: &str| std::fs::read(format!("{process}/{name}")).unwrap_or_default();
        (words, [shown("cmdline"), shown("environ")].concat(), child)
    });
    for (words, process, child) in running {
        let output = child.wait_with_output().expect("ends");
        assert!(!output.status.success(), "{words:?}: there is no broker");
        let said = [process, output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(said.len() > 100 && !said.contains(CANARY), "{words:?}: {said}");
    }
}

/// An authority, a broker and a client that it signed, and an authority that signed nobody.
fn make_certificates(at: &Path) {
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).current_dir(at).output().expect("openssl");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    for authority in ["ca", "stranger"] {
        let (key, pem, name) = (format!("{authority}.key"), format!("{authority}.pem"), format!("/CN={authority}"));
        openssl(&["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", &name, "-keyout", &key, "-out", &pem]);
    }
    std::fs::write(at.join("names"), "subjectAltName=IP:127.0.0.1\n").expect("writes");
    for who in ["broker", "client"] {
        let (key, request, pem, name) = (format!("{who}.key"), format!("{who}.csr"), format!("{who}.pem"), format!("/CN={who}"));
        openssl(&["req", "-newkey", "rsa:2048", "-nodes", "-subj", &name, "-keyout", &key, "-out", &request]);
        let signed = ["x509", "-req", "-in", &request, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"];
        openssl(&[&signed[..], &["-extfile", "names", "-out", &pem]].concat());
    }
    // The broker wants key and certificate in one file.
    let key = std::fs::read_to_string(at.join("broker.key")).expect("reads");
    let certificate = std::fs::read_to_string(at.join("broker.pem")).expect("reads");
    std::fs::write(at.join("broker.both"), key + &certificate).expect("writes");
}

fn listeners(at: &Path) -> Extra {
    let users = format!("org.apache.kafka.common.security.plain.PlainLoginModule required user_clerk=\"{PASSWORD}\";");
    let scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
    let mut properties = format!(
        "ssl.keystore.type=PEM\nssl.keystore.location={}\nssl.truststore.type=PEM\nssl.truststore.location={}\n\
         listener.name.ssl.ssl.client.auth=required\nsasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512\n\
         listener.name.sasl_ssl.plain.sasl.jaas.config={users}\n",
        at.join("broker.both").display(),
        at.join("ca.pem").display()
    );
    for number in ["256", "512"] {
        properties += &format!("listener.name.sasl_ssl.scram-sha-{number}.sasl.jaas.config={scram}\n");
    }
    let account = |number: &str| format!("SCRAM-SHA-{number}=[name=clerk,password={PASSWORD}]");
    Extra { listeners: vec!["SASL_SSL", "SSL"], properties, scram: vec![account("256"), account("512")] }
}

fn secret(at: &Path, name: &str, text: &str) -> String {
    let path = at.join(name);
    std::fs::write(&path, format!("{text}\n")).expect("writes");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("mode");
    path.display().to_string()
}

/// Drafts go through over the protected listener, and the process shows the secret nowhere.
fn screens(plain: &Cluster<'_>, brokers: String, prefix: &str, security: String) {
    let protected = Cluster { brokers, mock: None, copies: 1, security };
    protected.create_topics(prefix, 2);
    let folder = tempfile::tempdir().expect("folder");
    let mut worker = protected.start(folder.path(), prefix, "screen");
    let mut ledger = Ledger::new(&plain.brokers, prefix);
    for number in 0..50 {
        ledger.send(&support::draft(&format!("d-{number}"), 1, 400));
    }
    // Ends as a dead letter: the producer's way there is protected as well.
    ledger.send_raw(Some(b"cs-xian/bad"), Some(b"nonsense"));
    ledger.flush();
    wait_for_no_lag(&plain.brokers, &format!("{prefix}-screen"), &format!("{prefix}.drafts"));
    let findings = check(&plain.brokers, prefix, &ledger);
    assert!(findings.lost + findings.unseen + findings.conflicts == 0 && findings.acknowledged == 50, "{findings:?}");
    let process = format!("/proc/{}", worker.process_id());
    let shown = |name: &str| String::from_utf8_lossy(&std::fs::read(format!("{process}/{name}")).expect("reads")).into_owned();
    let everywhere = shown("cmdline") + &shown("environ") + &worker.client().get("/metrics").text();
    assert_eq!(worker.terminate().0, 0, "{}", worker.log());
    assert!(!everywhere.contains(PASSWORD) && !worker.log().contains(PASSWORD), "the secret is shown");
}

/// Neither the command nor the process gets in; both say why, soon.
fn refused(brokers: String, security: String, said: &str) {
    let protected = Cluster { brokers, mock: None, copies: 1, security };
    let folder = tempfile::tempdir().expect("folder");
    let config = folder.path().join("x.toml");
    std::fs::write(&config, protected.config("s-refused")).expect("writes");
    for words in [&["topics", "check"][..], &["serve", "--role", "screen", "--listen", "127.0.0.1:0", "--from", "earliest"]] {
        let begun = Instant::now();
        let output = Command::new(env!("CARGO_BIN_EXE_xianshen"))
            .args(words)
            .arg("--config")
            .arg(&config)
            .current_dir(&folder)
            .output()
            .expect("runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains(said), "{words:?}: {:?} {text}", output.status);
        assert!(!text.contains("battery-staple") && !text.contains(PASSWORD), "{text}");
        println!("{}: refused after {:.1} s", words[0], begun.elapsed().as_secs_f64());
    }
}
