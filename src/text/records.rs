//! Tables of one record: each row has a key and its value (姓名｜张三, 手机｜139…). Their values stand in one row, under their
//! keys, as those of other tables do. Must not know what is done with a value.

use super::passage::Cell;
use std::ops::Range;

/// What at least one row of such a table is about.
const OF_SOMEBODY: [&str; 3] = ["姓名", "姓 名", "户主"];
/// Longest key, in characters.
const KEY_CHARS_MAX: usize = 10;
/// Fewest rows of a record; most that are looked at.
const ROWS_MIN: usize = 3;
const ROWS_MAX: usize = 60;

/// Puts the values of records under their keys. Cells of a table stand together, row by row.
pub fn under_keys(cells: &mut [Cell], text: &str) {
    for table in cells.chunk_by_mut(|a, b| a.table == b.table) {
        if !is_record(table, text) {
            continue;
        }
        let Some(row) = table.first().map(|cell| cell.row) else { continue };
        for pair in table.chunks_exact_mut(2) {
            if let [key, value] = pair {
                (key.row, value.row) = (row, row);
                (key.header, value.header) = (None, Some(key.span.clone()));
            }
        }
    }
}

/// Whether all rows have two cells, the first of each is a key, and one of them says that it is about somebody.
fn is_record(table: &[Cell], text: &str) -> bool {
    let written = |span: &Range<usize>| text.get(span.clone()).unwrap_or_default().trim();
    let is_key = |cell: &Cell| {
        let key = written(&cell.span);
        !key.is_empty() && key.chars().count() <= KEY_CHARS_MAX && !key.contains(|c: char| c.is_ascii_digit())
    };
    let mut rows = table.chunk_by(|a, b| a.row == b.row);
    let (mut count, mut is_of_somebody) = (0, false);
    let are_pairs = rows.all(|row| {
        count += 1;
        let key = row.first().filter(|cell| row.len() == 2 && is_key(cell));
        is_of_somebody |= key.is_some_and(|key| OF_SOMEBODY.contains(&written(&key.span).trim_end_matches([':', '：'])));
        key.is_some() && count <= ROWS_MAX
    });
    // 姓名｜电话 over 张三｜139… is a table of two columns: its second row is no key.
    let is_header = |cell: &Cell| {
        let below = written(&cell.span);
        ["电话", "手机", "金额", "单位", "职务", "身份证", "村", "成绩", "性别", "备注"].iter().any(|word| below.contains(word))
    };
    let is_of_columns = table.get(1).is_some_and(is_header) && table.first().is_some_and(|cell| OF_SOMEBODY.contains(&written(&cell.span)));
    are_pairs && is_of_somebody && count >= ROWS_MIN && !is_of_columns
}

#[cfg(test)]
mod tests {
    use super::super::tabs;
    use super::*;

    fn headers(text: &str) -> Vec<(&str, Option<&str>)> {
        let of = |span: &Range<usize>| text.get(span.clone()).unwrap();
        tabs::cells(text).iter().map(|cell| (of(&cell.span), cell.header.as_ref().map(of))).collect()
    }

    #[test]
    fn a_record_has_its_keys_in_the_first_column() {
        let told = headers("姓名\t李国珍\n手机\t139\n病情\t尿毒症");
        assert_eq!(
            told,
            [("姓名", None), ("李国珍", Some("姓名")), ("手机", None), ("139", Some("手机")), ("病情", None), ("尿毒症", Some("病情"))]
        );
    }

    #[test]
    fn a_table_of_two_columns_is_no_record() {
        let told = headers("姓名\t电话\n李国珍\t139\n王秀英\t138");
        assert_eq!(told.last(), Some(&("138", Some("电话"))));
    }
}
