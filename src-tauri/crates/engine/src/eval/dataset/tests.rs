use super::*;
use std::fs;

const CORPUS: &str = "{\"_id\":\"a\",\"title\":\"T\",\"text\":\"x\"}\n{\"_id\":\"b\",\"title\":\"T\",\"text\":\"y\"}\n";
const QUERIES: &str = "{\"_id\":\"q\",\"text\":\"what?\"}\n";
const LABELS: &str = "query-id\tcorpus-id\tscore\nq\tb\t1\n";

/// A folder with these files, read.
fn read(files: &[(&str, &str)]) -> Result<Dataset, DatasetError> {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    Dataset::read(dir.path())
}

fn labelled(labels: &str) -> Result<Dataset, DatasetError> {
    read(&[
        ("corpus.jsonl", CORPUS),
        ("queries.jsonl", QUERIES),
        ("qrels.tsv", labels),
    ])
}

fn message(outcome: Result<Dataset, DatasetError>) -> String {
    ErrorReport::from(outcome.unwrap_err()).message
}

#[test]
fn labels_are_joined_and_faults_named() {
    let dataset = labelled("query-id\tcorpus-id\tscore\nq\tb\t1\nq\ta\t0\nq\tz\t1\n").unwrap();
    assert_eq!(dataset.relevant, [HashMap::from([(1, 1.0)])]);
    assert_eq!(dataset.groups(), [0, 0]);
    let said = message(read(&[
        ("corpus.jsonl", CORPUS),
        ("queries.jsonl", "{\"_id\":\"q\"}\n"),
        ("qrels.tsv", LABELS),
    ]));
    assert!(said.contains("Line 1 of"), "{said}");
    let said = message(labelled("query-id\tcorpus-id\tscore\nq\tb\t1\n\nq\tb\tmuch\n"));
    assert!(said.contains("Line 4 of"), "{said}");
}

#[test]
fn labels_are_read_as_written_anywhere() {
    for labels in [
        "q\tb\t2\n",
        "\u{feff}query-id\tcorpus-id\tscore\r\nq\tb\t2\r\n\r\n",
        "q\tb\t2.0",
        "q 0 b 2\n",
        "q\t0\tb\t2\n",
        "q Q0 b 2\nq Q0 a 0\n",
    ] {
        let dataset = labelled(labels).unwrap();
        assert_eq!(dataset.relevant, [HashMap::from([(1, 2.0)])], "{labels:?}");
    }
}

#[test]
fn labels_may_lie_in_a_folder() {
    let with = |files: &[(&str, &str)]| {
        let mut all = vec![("corpus.jsonl", CORPUS), ("queries.jsonl", QUERIES)];
        all.extend_from_slice(files);
        read(&all)
    };
    let other = "query-id\tcorpus-id\tscore\nq\ta\t1\n";
    let test = with(&[("qrels/train.tsv", other), ("qrels/test.tsv", LABELS)]).unwrap();
    assert!(test.relevant[0].contains_key(&1));
    let only = with(&[("qrels/train.tsv", other)]).unwrap();
    assert!(only.relevant[0].contains_key(&0));
    assert!(message(with(&[])).contains("qrels.tsv"));
    let said = message(with(&[("qrels/a.tsv", other), ("qrels/b.tsv", other)]));
    assert!(said.contains("could not be read"), "{said}");
}

#[test]
fn names_may_hold_spaces_or_be_numbers() {
    let dataset = read(&[
        (
            "corpus.jsonl",
            "\u{feff}{\"_id\": \"New York\", \"title\": null, \"text\": \"x\", \"metadata\": {}}\r\n\r\n{\"_id\": 7, \"text\": null}\r\n",
        ),
        ("queries.jsonl", "{\"_id\": 12, \"text\": \"where?\", \"metadata\": {}}\n   \n"),
        ("qrels.tsv", "12\tNew York\t1\n12\t7\t3\n"),
    ])
    .unwrap();
    assert_eq!(dataset.relevant, [HashMap::from([(0, 1.0), (1, 3.0)])]);
    assert_eq!(dataset.corpus[1].text, "");
}

#[test]
fn names_given_twice_and_labels_of_nothing_are_told() {
    let twice = format!("{CORPUS}{{\"_id\":\"a\",\"text\":\"z\"}}\n");
    let said = message(read(&[
        ("corpus.jsonl", twice.as_str()),
        ("queries.jsonl", QUERIES),
        ("qrels.tsv", LABELS),
    ]));
    assert!(said.starts_with("Line 3 of") && said.contains("`a`"), "{said}");
    assert!(message(labelled("query-id\tcorpus-id\tscore\nx\tb\t1\n")).starts_with("No label"));
    assert!(message(labelled("")).starts_with("No label"));
}

#[test]
fn answers_are_read_as_squad_writes_them() {
    let query =
        |rest: &str| -> Query { serde_json::from_str(&format!("{{\"_id\":\"q\",\"text\":\"t\"{rest}}}")).unwrap() };
    for rest in [
        r#","answers":["x", "", "y"]"#,
        r#","answers":[{"text":"x","answer_start":3},{"text":"y","answer_start":9}]"#,
        r#","answers":{"text":["x","y"],"answer_start":[3,9]},"is_impossible":false"#,
    ] {
        let query = query(rest);
        assert_eq!(query.answers, ["x", "y"], "{rest}");
        assert!(query.answerable);
    }
    assert_eq!(query(r#","answers":"x""#).answers, ["x"]);
    assert!(!query(r#","answers":[],"is_impossible":true"#).answerable);
    assert!(!query(r#","answers":null,"answerable":false"#).answerable);
    assert!(query("").answers.is_empty());
}
