//! A real Apache Kafka in KRaft mode on this machine: formatted, started, waited for, and stopped by process id.
//! Must not know what is sent through it.

use crate::support::{eventually, pause};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::metadata::{Metadata, MetadataTopic};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Partitions of the topic that holds what groups have committed.
pub const OFFSETS_PARTITIONS: i32 = 4;

/// One node: its process and how to start it again.
struct Node {
    child: Option<Child>,
    properties: PathBuf,
}

/// A cluster; its data are gone with it.
pub struct Kafka {
    nodes: Vec<Node>,
    ports: Vec<u16>,
    extra_ports: Vec<u16>,
    libs: PathBuf,
    folder: tempfile::TempDir,
}

/// What a node has besides its plain listener.
#[derive(Default)]
pub struct Extra {
    /// Further listeners: `SASL_SSL`, `SSL`.
    pub listeners: Vec<&'static str>,
    /// Lines of its properties.
    pub properties: String,
    /// Accounts of SCRAM as the storage tool takes them.
    pub scram: Vec<String>,
}

impl Kafka {
    /// Starts so many nodes, or says why that cannot be.
    pub fn start(nodes: usize) -> Result<Self, String> {
        Self::start_with(nodes, &Extra::default())
    }

    /// As [`Kafka::start`], with more listeners on the first node.
    pub fn start_with(nodes: usize, extra: &Extra) -> Result<Self, String> {
        let libs = match std::env::var_os("KAFKA_LIBS") {
            Some(libs) => PathBuf::from(libs),
            None => Path::new(env!("CARGO_MANIFEST_DIR")).join("target/kafka/libs"),
        };
        let has_broker = std::fs::read_dir(&libs)
            .is_ok_and(|entries| entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("kafka_2.13-")));
        if !has_broker {
            return Err("real Apache Kafka (no jars: tests/kafka/fetch brings them with Maven)".into());
        }
        if !Command::new("java").arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
            return Err("real Apache Kafka (no Java on this machine)".into());
        }
        // Asked for all at once, so that they differ.
        let held: Vec<TcpListener> =
            (0..nodes * 2 + extra.listeners.len()).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
        let free: Vec<u16> = held.iter().map(|listener| listener.local_addr().expect("address").port()).collect();
        drop(held);
        let (ports, rest) = free.split_at(nodes);
        let (controllers, extra_ports) = rest.split_at(nodes);
        let more: String = extra.listeners.iter().zip(extra_ports).map(|(name, port)| format!(",{name}://127.0.0.1:{port}")).collect();
        let map: String = extra.listeners.iter().map(|name| format!(",{name}:{name}")).collect();
        let voters: Vec<String> = controllers.iter().enumerate().map(|(n, port)| format!("{}@127.0.0.1:{port}", n + 1)).collect();
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("log4j2.properties"), LOG).expect("writes");
        let copies = nodes.min(3);
        let insync = copies.saturating_sub(1).max(1);
        let mut kafka = Self { nodes: Vec::new(), ports: ports.to_vec(), extra_ports: extra_ports.to_vec(), libs, folder };
        for (n, (port, controller)) in ports.iter().zip(controllers).enumerate() {
            let id = n + 1;
            let data = kafka.folder.path().join(format!("n{id}"));
            let properties = kafka.folder.path().join(format!("n{id}.properties"));
            let text = format!(
                "process.roles=broker,controller\nnode.id={id}\ncontroller.quorum.voters={}\n\
                 listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{more}\n\
                 advertised.listeners=PLAINTEXT://127.0.0.1:{port}{more}\ncontroller.listener.names=CONTROLLER\n\
                 inter.broker.listener.name=PLAINTEXT\nlistener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT{map}\n\
                 log.dirs={}\nauto.create.topics.enable=false\noffsets.topic.num.partitions={OFFSETS_PARTITIONS}\n\
                 offsets.topic.replication.factor={copies}\ntransaction.state.log.num.partitions=4\n\
                 transaction.state.log.replication.factor={copies}\ntransaction.state.log.min.isr={insync}\n\
                 min.insync.replicas={insync}\nunclean.leader.election.enable=false\ngroup.initial.rebalance.delay.ms=0\n\
                 num.network.threads=2\nnum.io.threads=2\nlog.cleaner.dedupe.buffer.size=10485760\nlog.segment.bytes=67108864\n\
                 broker.session.timeout.ms=6000\n{}\n",
                voters.join(","),
                data.display(),
                extra.properties,
            );
            std::fs::write(&properties, text).expect("writes");
            // One cluster id for all nodes.
            let formatted = kafka
                .java(&["kafka.tools.StorageTool", "format", "-t", "bXkta2Fma2EtdGVzdHMtMQ", "-c"])
                .arg(&properties)
                .args(extra.scram.iter().flat_map(|account| ["--add-scram", account]))
                .stdout(Stdio::null())
                .output()
                .expect("java");
            if !formatted.status.success() {
                return Err(format!("real Apache Kafka (storage cannot be formatted: {})", String::from_utf8_lossy(&formatted.stderr)));
            }
            kafka.nodes.push(Node { child: None, properties });
        }
        for node in 0..nodes {
            kafka.start_node(node);
        }
        kafka.wait_for_nodes(nodes);
        Ok(kafka)
    }

    fn java(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("java");
        command
            .args(["-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:ActiveProcessorCount=1"])
            .arg(format!("-Dlog4j2.configurationFile=file:{}", self.folder.path().join("log4j2.properties").display()))
            .arg("-cp")
            .arg(format!("{}/*", self.libs.display()))
            .args(arguments)
            .current_dir(self.folder.path());
        command
    }

    pub fn start_node(&mut self, node: usize) {
        let log =
            std::fs::OpenOptions::new().create(true).append(true).open(self.folder.path().join(format!("n{}.log", node + 1))).expect("log");
        let properties = self.nodes[node].properties.clone();
        let child = self
            .java(&["kafka.Kafka"])
            .arg(properties)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("log"))
            .stderr(log)
            .spawn()
            .expect("java");
        self.nodes[node].child = Some(child);
    }

    /// Waits until a client sees so many nodes.
    pub fn wait_for_nodes(&self, nodes: usize) {
        let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", self.brokers()).create().expect("client");
        eventually("the brokers", || {
            let seen = consumer.fetch_metadata(None, Duration::from_secs(2)).map_or(0, |metadata| metadata.brokers().len());
            (seen >= nodes).then_some(())
        });
    }

    fn metadata(&self, topic: Option<&str>) -> Option<Metadata> {
        let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", self.brokers()).create().expect("client");
        consumer.fetch_metadata(topic, Duration::from_secs(5)).ok()
    }

    /// Waits until every copy of every partition is up to date.
    pub fn wait_until_in_sync(&self) {
        eventually("copies up to date", || {
            let metadata = self.metadata(None)?;
            let in_sync = |topic: &MetadataTopic| topic.partitions().iter().all(|p| p.isr().len() == p.replicas().len() && p.leader() > 0);
            (metadata.brokers().len() == self.nodes() && metadata.topics().iter().all(in_sync)).then_some(())
        });
    }

    /// The node that leads a partition.
    pub fn leader(&self, topic: &str, partition: i32) -> usize {
        eventually("a leader", || {
            let metadata = self.metadata(Some(topic))?;
            let found = metadata.topics()[0].partitions().iter().find(|p| p.id() == partition)?.leader();
            usize::try_from(found).ok()?.checked_sub(1)
        })
    }

    /// As kill -9 does.
    pub fn kill_node(&mut self, node: usize) {
        let mut child = self.nodes[node].child.take().expect("a running node");
        child.kill().expect("kills");
        child.wait().expect("ends");
    }

    pub fn brokers(&self) -> String {
        self.ports.iter().map(|port| format!("127.0.0.1:{port}")).collect::<Vec<_>>().join(",")
    }

    /// Where a further listener of the first node answers.
    pub fn extra(&self, at: usize) -> String {
        format!("127.0.0.1:{}", self.extra_ports[at])
    }

    /// Sends a signal to one node: `STOP`, `CONT`.
    pub fn signal(&self, node: usize, name: &str) {
        let child = self.nodes[node].child.as_ref().expect("a running node");
        assert!(Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().expect("kill").success());
    }

    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            if let Some(mut child) = node.child.take() {
                drop(child.kill());
                drop(child.wait());
            }
        }
        pause(1);
    }
}

const LOG: &str = "status=error\nappender.c.type=Console\nappender.c.name=c\nappender.c.layout.type=PatternLayout\n\
    appender.c.layout.pattern=%d %p %c{1} %m%n\nrootLogger.level=warn\nrootLogger.appenderRef.c.ref=c\n";
