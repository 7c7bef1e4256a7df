//! Tables in plain text: neighbouring lines whose cells are parted by tabs or bars, as they come from a pasted spreadsheet.
//! Must not know what a column holds.

use super::passage::Cell;
use super::records;
use std::ops::Range;

/// Most cells of one text that are told apart; the rest is read as prose.
const CELLS_MAX: usize = 20_000;

/// Most columns of a table.
const COLUMNS_MAX: usize = 200;
/// Longest heading of a column, in characters.
const HEADING_CHARS_MAX: usize = 24;

/// The cells of all tables of a text, by place. The first row of a table is its header where it holds no digit.
pub fn cells(text: &str) -> Vec<Cell> {
    let mut cells = Vec::new();
    // Most texts have no table: that is known after one look.
    if memchr::memchr2(b'\t', b'|', text.as_bytes()).is_none() {
        return cells;
    }
    for (sign, number) in [('\t', 0), ('|', 1)] {
        tables(text, sign, number, &mut cells);
    }
    cells.sort_by_key(|cell| (cell.span.start, cell.span.end));
    // A line may have both signs: the first table that takes it keeps it.
    cells.dedup_by(|later, first| later.span.start < first.span.end);
    records::under_keys(&mut cells, text);
    cells
}

/// Appends the tables of lines with this sign; `first` and every second number after it are theirs.
fn tables(text: &str, sign: char, first: u32, cells: &mut Vec<Cell>) {
    let mut table: Vec<Vec<Range<usize>>> = Vec::new();
    let mut number = first;
    let mut start = 0;
    for line in text.split_inclusive('\n').chain(["\n"]) {
        let row = row(line.trim_end_matches(['\r', '\n']), sign, start);
        start += line.len();
        // |---|:---:| parts the header of a Markdown table from its rows.
        if row.len() > 1 && row.iter().all(|cell| is_rule(text.get(cell.clone()).unwrap_or_default())) {
            continue;
        }
        if row.len() < 2 || table.first().is_some_and(|header| header.len() != row.len()) {
            close(text, &mut table, &mut number, cells);
        }
        if row.len() > 1 {
            table.push(row);
        }
        let gathered = table.first().map_or(0, |row| row.len() * table.len());
        if cells.len() + gathered >= CELLS_MAX {
            break;
        }
    }
    close(text, &mut table, &mut number, cells);
}

fn is_rule(cell: &str) -> bool {
    cell.contains("--") && cell.chars().all(|c| matches!(c, '-' | ':' | ' '))
}

/// Bytes of the cells of a line, without blanks around them; a sign at its beginning or end is its border.
fn row(line: &str, sign: char, start: usize) -> Vec<Range<usize>> {
    let mut inner = line;
    // A tab before a paragraph indents it.
    if sign == '\t' && !line.trim_start_matches('\t').contains('\t') {
        return Vec::new();
    }
    if sign == '|' {
        inner = inner.trim_start();
        inner = inner.strip_prefix(sign).unwrap_or(inner);
    }
    // More columns than any sheet that is pasted: no table.
    if memchr::memchr_iter(sign as u8, line.as_bytes()).nth(COLUMNS_MAX).is_some() {
        return Vec::new();
    }
    let mut at = start + line.len() - inner.len();
    if sign == '|' {
        inner = inner.trim_end();
        inner = inner.strip_suffix(sign).unwrap_or(inner);
    }
    inner
        .split(sign)
        .map(|cell| {
            let written = cell.trim();
            let first = at + cell.len() - cell.trim_start().len();
            at += cell.len() + sign.len_utf8();
            first..first + written.len()
        })
        .collect()
}

/// Takes over the rows gathered so far, if they are a table: one line alone is none.
fn close(text: &str, rows: &mut Vec<Vec<Range<usize>>>, number: &mut u32, cells: &mut Vec<Cell>) {
    let rows = std::mem::take(rows);
    if rows.len() < 2 {
        return;
    }
    let text_of = |span: &Range<usize>| text.get(span.clone()).unwrap_or_default();
    let is_heading = |cell: &str| cell.chars().count() <= HEADING_CHARS_MAX && !cell.contains(|c: char| c.is_ascii_digit());
    let header = rows.first().filter(|row| row.iter().all(|cell| is_heading(text_of(cell))));
    for (at, row) in rows.iter().enumerate() {
        for (column, span) in row.iter().enumerate().take(CELLS_MAX.saturating_sub(cells.len())) {
            let header = header.filter(|_| at > 0).and_then(|header| header.get(column)).cloned();
            cells.push(Cell { span: span.clone(), header, table: *number, row: at as u32 });
        }
    }
    *number += 2;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(&str, Option<&str>, u32)> {
        let of = |span: &Range<usize>| text.get(span.clone()).unwrap();
        cells(text).iter().map(|cell| (of(&cell.span), cell.header.as_ref().map(of), cell.row)).collect()
    }

    #[test]
    fn a_pasted_spreadsheet_is_a_table() {
        let text = "名单如下：\n姓名\t电话\n张三\t139\n李四\t138\n完";
        let expected = [
            ("姓名", None, 0),
            ("电话", None, 0),
            ("张三", Some("姓名"), 1),
            ("139", Some("电话"), 1),
            ("李四", Some("姓名"), 2),
            ("138", Some("电话"), 2),
        ];
        assert_eq!(told(text), expected);
    }

    #[test]
    fn bars_and_rules_of_markdown_are_no_cells() {
        let text = "| 单位 | 户数 |\r\n|---|:--:|\r\n| 联珠镇 | 12 |\r\n";
        assert_eq!(told(text), [("单位", None, 0), ("户数", None, 0), ("联珠镇", Some("单位"), 1), ("12", Some("户数"), 1)]);
    }

    #[test]
    fn lines_that_are_no_table() {
        for text in ["", "一\t二", "一\t二\n三", "编辑：甲 | 审核：乙", "一\t二\n一\t二\t三", "\t第一段。\n\t第二段。"]
        {
            assert_eq!(told(text), [], "{text}");
        }
        assert_eq!(told("甲\t1\n乙\t2").first(), Some(&("甲", None, 0)));
    }
}
