//! Chinese text and words when no file is given: the same on every machine, from word lists and the shipped clean text.
//! Must not know what is measured.

use std::collections::HashSet;

/// Size of the generated text, in bytes.
const TEXT_BYTES: usize = 20_000_000;
/// How often one of the terms of the first and second list stands in the text: once in so many bytes.
const BYTES_PER_TERM: [usize; 2] = [2_000, 200];

const CLEAN: &str = include_str!("../../dictionaries/canary.txt");
const FREQUENCY: &str = include_str!("../../dictionaries/tables/han_frequency.tsv");

const WHEN: [&str; 12] = [
    "近日",
    "本周",
    "今年以来",
    "截至上月底",
    "入冬以来",
    "雨季来临前",
    "上午9时",
    "前三季度",
    "春耕期间",
    "本月中旬",
    "开学前",
    "节日期间",
];
const WHO: [&str; 16] = [
    "县水务局",
    "市交通运输局",
    "镇便民服务中心",
    "村民委员会",
    "县人民医院",
    "教育体育局",
    "街道办事处",
    "林业和草原局",
    "市场监督管理局",
    "县图书馆",
    "农技推广站",
    "社区居委会",
    "县气象台",
    "自然资源局",
    "文化和旅游局",
    "供电所",
];
const DOES: [&str; 16] = [
    "组织开展",
    "持续推进",
    "及时公布",
    "认真排查",
    "统筹安排",
    "免费提供",
    "上门办理",
    "集中整治",
    "提前完成",
    "规范管理",
    "公开征集",
    "现场指导",
    "优化调整",
    "全面检修",
    "督促落实",
    "协助解决",
];
const WHAT: [&str; 20] = [
    "河道清淤",
    "农村公路养护",
    "老年人体检",
    "校园食堂检查",
    "秋粮收购",
    "森林防火巡查",
    "公交线路",
    "供水管网改造",
    "农家书屋更新",
    "地质灾害点监测",
    "不动产登记",
    "老旧小区改造",
    "茶园管护培训",
    "垃圾分类宣传",
    "冬季取暖保障",
    "非遗展演",
    "医保缴费服务",
    "灌溉渠道修复",
    "就业招聘活动",
    "档案数字化",
];
const THEN: [&str; 14] = [
    "惠及群众三千余人",
    "受到村民欢迎",
    "预计下月完工",
    "共投入资金126万元",
    "请相关单位做好准备",
    "具体时间另行通知",
    "比去年同期提前两周",
    "累计办理事项842件",
    "各项工作有序进行",
    "为群众办了一件实事",
    "咨询电话0871-12345",
    "覆盖全县15个乡镇",
    "确保汛期安全",
    "提高了办事效率",
];

/// A small generator of numbers: xorshift with a fixed seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit.max(1)
    }

    fn of<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> Option<&'a T> {
        items.get(self.below(items.len())).copied()
    }
}

/// `count` different words of two to six Han characters.
pub fn words(count: usize) -> Vec<String> {
    let han: Vec<char> = FREQUENCY
        .lines()
        .filter_map(|line| {
            let mut piece = line.split('\t').next()?.chars();
            piece.next().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c) && piece.next().is_none())
        })
        .take(2_500)
        .collect();
    let mut chance = Chance(0x5eed_0001);
    let mut seen = HashSet::new();
    let mut words = Vec::with_capacity(count);
    while words.len() < count && !han.is_empty() {
        let length = [2, 2, 2, 2, 2, 3, 3, 4, 4, 4, 5, 6].get(chance.below(12)).copied().unwrap_or(2);
        let word: String = (0..length).filter_map(|_| han.get(chance.below(han.len()))).collect();
        if seen.insert(word.clone()) {
            words.push(word);
        }
    }
    words
}

/// Posts of about `post_bytes`: sentences, lines of the clean text, and now and then a term of each list.
pub fn posts(lists: &[&[String]], post_bytes: usize) -> Vec<String> {
    let clean: Vec<&str> = CLEAN.lines().filter(|line| !line.is_empty()).collect();
    let mut chance = Chance(0x5eed_0002);
    let mut posts = Vec::with_capacity(TEXT_BYTES / post_bytes);
    let mut written = 0;
    let mut due = BYTES_PER_TERM;
    while written < TEXT_BYTES {
        let mut post = String::with_capacity(post_bytes + 256);
        while post.len() < post_bytes {
            if chance.below(3) == 0 {
                post.push_str(chance.of(&clean).unwrap_or_default());
            } else {
                post.extend([chance.of(&WHEN), Some("，"), chance.of(&WHO), chance.of(&DOES), chance.of(&WHAT)].into_iter().flatten());
                for ((list, due), every) in lists.iter().zip(&mut due).zip(BYTES_PER_TERM) {
                    if written + post.len() >= *due {
                        post.push('、');
                        post.push_str(list.get(chance.below(list.len())).map_or("", String::as_str));
                        *due += every;
                    }
                }
                post.extend(["，", chance.of(&THEN).unwrap_or_default(), "。"]);
            }
            if chance.below(6) == 0 {
                post.push('\n');
            }
        }
        written += post.len();
        posts.push(post);
    }
    posts
}
