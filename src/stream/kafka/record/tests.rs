//! What is read from a record and what is refused; keys and partitions as other clients see them.

use super::*;

fn draft() -> serde_json::Value {
    serde_json::json!({"unit":"u","id":"a","revision":1,"account":"","platform":"","kind":"original","format":"text","title":"","body":"正文"})
}

fn read(payload: &[u8]) -> Result<(Draft, usize), Unreadable> {
    read_draft(payload, None, 4_096)
}

#[test]
fn unknown_fields_are_left_out_and_counted_and_the_hash_is_that_of_the_rest() {
    let mut more = draft();
    more["links"] = serde_json::json!([{"url":"https://a.gov.cn/","rank":3,"label":"甲"}]);
    more["source"] = serde_json::json!({"name":"乙","weight":{"url":"x"}});
    let mut plain = more.clone();
    plain["links"][0].as_object_mut().expect("object").remove("rank");
    plain["source"].as_object_mut().expect("object").remove("weight");
    more["trace"] = serde_json::json!([1, 2]);
    let (draft, left_out) = read(more.to_string().as_bytes()).expect("a draft");
    assert_eq!((left_out, draft), (3, Draft::from_json(plain.to_string().as_bytes()).expect("a draft")));
    assert_eq!(read(plain.to_string().as_bytes()).expect("a draft").1, 0);
}

#[test]
fn what_is_no_draft_is_refused_with_a_code_and_without_its_text() {
    let long = vec![b' '; 4_097];
    let twice = r#"{"unknown":1,"unit":"u","unit":"secret-text","id":"a"}"#;
    let trailing = format!("{} trailing", draft());
    let verdict = r#"{"verdict_id":"x","queue":"major","unit":"u","id":"a","revision":1}"#;
    let cases: [(&[u8], &str); 12] = [
        (b"", "empty_payload"),
        (&long, "too_large"),
        (b"\xef\xbb\xbf{}", "encoding"),
        (b"\xff\xfe{\0}\0", "encoding"),
        (b"{\"title\":\"\xd6\xd0\xce\xc4\"}", "encoding"),
        (b"{\"unit\":", "not_json"),
        (trailing.as_bytes(), "not_json"),
        (b"[1]", "not_a_draft"),
        (b"{\"unit\":\"u\",\"revision\":1e999}", "not_json"),
        (b"{\"unit\":{\"secret-text\":1}}", "not_a_draft"),
        (twice.as_bytes(), "not_a_draft"),
        (verdict.as_bytes(), "not_a_draft"),
    ];
    for (payload, code) in cases {
        let why = read(payload).expect_err(code);
        assert_eq!(why.code, code, "{}", why.detail);
        assert!(!why.detail.contains("secret-text"), "{}", why.detail);
        assert!(ERROR_CODES.contains(&why.code));
    }
    let deep = format!("{{\"unit\":{}{}}}", "[".repeat(1_500), "]".repeat(1_500));
    assert_eq!(read(deep.as_bytes()).expect_err("deep").code, "not_a_draft");
    let deep = format!("{{\"unknown\":{}{}}}", "[".repeat(1_500), "]".repeat(1_500));
    assert_eq!(read(deep.as_bytes()).expect_err("deep and unknown").code, "not_a_draft");
    assert_eq!(read_draft(draft().to_string().as_bytes(), Some(&[b'k'; 5_000]), 4_096).expect_err("key").code, "key_too_large");
}

#[test]
fn the_table_of_fields_is_that_of_the_schema() {
    let schema = serde_json::to_value(schemars::schema_for!(Draft)).expect("schema");
    let names = |object: &serde_json::Value| {
        let mut names: Vec<String> = object["properties"].as_object().expect("properties").keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(FIELDS.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>(), names(&schema));
    for (field, shape) in
        [("source", "Source"), ("links", "Link"), ("images", "Image"), ("attachments", "Attachment"), ("declared", "Declared")]
    {
        let (_, inner) = FIELDS.iter().find(|(name, _)| *name == field).expect("field");
        assert_eq!(inner.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), names(&schema["$defs"][shape]), "{field}");
    }
}

#[test]
fn keys_fall_into_the_partitions_that_the_java_client_chooses() {
    // Values of Apache Kafka's UtilsTest.testMurmur2, made positive, modulo a large prime to keep them whole.
    for (key, hash) in [
        ("21", -973_932_308i32),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
    ] {
        assert_eq!(partition_of(key.as_bytes(), i32::MAX), (hash & 0x7fff_ffff) % i32::MAX, "{key}");
    }
}
