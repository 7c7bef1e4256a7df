//! Posts drafts of 2 KB over keep-alive connections to a running server for some seconds and prints what it took:
//! `load ADDRESS:PORT [SECONDS] [CONNECTIONS]`. Must not know anything but the HTTP contract.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use anyhow::{Context, bail};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Size of a draft as it is sent.
const DRAFT_BYTES: usize = 2_048;
/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// What a clean post of a county looks like; one sentence is about no sentence of any other.
const SENTENCES: [&str; 12] = [
    "今天上午，县里召开秋收工作调度会，安排晾晒、仓储和农机检修。",
    "会议要求，各乡镇要盯紧天气变化，组织人手抢收抢晒，确保颗粒归仓。",
    "县农业农村局介绍，全县水稻收割已过八成，机收比例比去年有所提高。",
    "下一步，将继续做好秋冬种准备，抓好水利设施的清淤和加固。",
    "在城区，供水管网改造进入收尾阶段，施工路段已经恢复双向通行。",
    "住建部门提醒，夜间施工期间请市民提前规划路线，注意避让。",
    "县图书馆新增两处自助借阅点，读者凭社保卡即可办理借还。",
    "周末，民族文化广场将举办群众歌咏活动，欢迎大家前来观看。",
    "交通运输局公布了三条公交线路的冬季时刻，早班车推迟十分钟。",
    "教育体育局组织开展校园消防演练，近两千名师生参加。",
    "气象台预计，未来三天以多云为主，早晚温差较大，请注意添衣。",
    "各村要继续用好村规民约，把人居环境整治落到实处。",
];

/// The request number `number` of a connection; no two are alike.
fn request(route: &str, address: SocketAddr, run: u64, connection: usize, number: u64) -> Vec<u8> {
    let mut text = String::with_capacity(DRAFT_BYTES * 2);
    let id = format!("load-{run}-{connection}-{number}");
    text.push_str(&format!(
        "{{\"unit\":\"load\",\"id\":\"{id}\",\"revision\":1,\"account\":\"测试县发布\",\"platform\":\"wechat\",\"kind\":\"original\",\
         \"format\":\"text\",\"title\":\"县里召开秋收工作调度会\",\"as_of\":\"2026-11-23\",\"body\":\""
    ));
    let mut sentence = connection + number as usize * 5;
    while text.len() + 100 < DRAFT_BYTES {
        text.push_str(SENTENCES.get(sentence % SENTENCES.len()).copied().unwrap_or_default());
        sentence += 7;
    }
    text.push_str("\"}");
    let head =
        format!("POST {route} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", text.len());
    [head.into_bytes(), text.into_bytes()].concat()
}

/// Reads one answer; gives its status.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<u16> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(buffer.get(..end).unwrap_or_default()).to_ascii_lowercase();
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .context("no content-length")?
            .trim()
            .parse()
            .context("content-length")?;
        if length > ANSWER_BYTES_MAX {
            bail!("an answer of {length} bytes");
        }
        while buffer.len() < end + 4 + length {
            if stream.read_buf(buffer).await? == 0 {
                bail!("the server closed the connection");
            }
        }
        return head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status");
    }
}

struct Outcome {
    drafts_per_second: f64,
    refused: u64,
    p50_ms: f64,
    p99_ms: f64,
}

/// Drives one route for a while.
async fn drive(route: &'static str, expected: u16, address: SocketAddr, seconds: u64, connections: usize) -> anyhow::Result<Outcome> {
    let run = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    let stop = Arc::new(AtomicBool::new(false));
    let refused = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|connection| {
            let (stop, refused) = (Arc::clone(&stop), Arc::clone(&refused));
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let mut buffer = Vec::with_capacity(4_096);
                let mut micros: Vec<u32> = Vec::new();
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    let sent = Instant::now();
                    stream.write_all(&request(route, address, run, connection, number)).await?;
                    let status = answer(&mut stream, &mut buffer).await?;
                    if status == expected {
                        micros.push(sent.elapsed().as_micros() as u32);
                    } else if matches!(status, 429 | 503) {
                        refused.fetch_add(1, Ordering::Relaxed);
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    } else {
                        bail!("status {status} from {route}");
                    }
                    number += 1;
                }
                Ok(micros)
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    stop.store(true, Ordering::Relaxed);
    let mut micros = Vec::new();
    for task in tasks {
        micros.extend(task.await??);
    }
    let elapsed = begun.elapsed().as_secs_f64();
    micros.sort_unstable();
    let quantile = |q: usize| micros.get(micros.len() * q / 100).map_or(0.0, |micros| f64::from(*micros) / 1e3);
    let (p50_ms, p99_ms) = (quantile(50), quantile(99));
    Ok(Outcome { drafts_per_second: micros.len() as f64 / elapsed, refused: refused.load(Ordering::Relaxed), p50_ms, p99_ms })
}

/// How many drafts wait to be judged.
async fn pending(address: SocketAddr) -> anyhow::Result<u64> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("GET /readyz HTTP/1.1\r\nhost: {address}\r\n\r\n").as_bytes()).await?;
    let mut buffer = Vec::new();
    answer(&mut stream, &mut buffer).await?;
    let text = String::from_utf8_lossy(&buffer).into_owned();
    let (_, after) = text.split_once("\"pending\":").context("no pending in /readyz")?;
    Ok(after.chars().take_while(char::is_ascii_digit).collect::<String>().parse()?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address: SocketAddr = arguments.next().context("which server? give ADDRESS:PORT")?.parse()?;
    let seconds: u64 = arguments.next().map_or(Ok(60), |text| text.parse())?;
    let connections: usize = arguments.next().map_or(Ok(64), |text| text.parse())?;

    let watched = tokio::spawn(async move {
        let mut most = 0;
        loop {
            most = most.max(pending(address).await.unwrap_or(0));
            eprintln!("pending at most {most}");
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    });
    let intake = drive("/v1/drafts", 202, address, seconds, connections).await?;
    let left = pending(address).await?;
    watched.abort();
    let drained = Instant::now();
    while pending(address).await? > 0 {
        if drained.elapsed() > Duration::from_secs(seconds) {
            bail!("screening does not catch up");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let drain_seconds = drained.elapsed().as_secs_f64();
    let check = drive("/v1/check", 200, address, seconds.min(20), connections).await?;
    println!("seconds={seconds} connections={connections} draft_bytes={DRAFT_BYTES}");
    println!(
        "intake_drafts_per_s={:.0} refused={} p50_ms={:.1} p99_ms={:.1}",
        intake.drafts_per_second, intake.refused, intake.p50_ms, intake.p99_ms
    );
    println!("pending_at_end={left} drain_s={drain_seconds:.2}");
    println!(
        "check_drafts_per_s={:.0} refused={} p50_ms={:.1} p99_ms={:.1}",
        check.drafts_per_second, check.refused, check.p50_ms, check.p99_ms
    );
    println!("intake_vs_check={:.2}", intake.drafts_per_second / check.drafts_per_second);
    Ok(())
}
