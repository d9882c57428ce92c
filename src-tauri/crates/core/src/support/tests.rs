use super::signs::number_of;
use super::*;
use proptest::prelude::*;

const TEXT: &str = "The Norman dynasty had a major impact on medieval Europe. Rollo, their leader, swore fealty to King Charles III in 911. \
    The settlers did not keep their language, and 2,500 of them moved south.";

fn verdict(sentence: &str) -> Support {
    check(sentence, &[&Evidence::new(TEXT, ["Normans"])], None).support
}

#[test]
fn what_is_said_is_supported_also_in_other_words() {
    for sentence in [
        "Rollo swore fealty to King Charles III in 911.",
        "In 911 their leader Rollo swore fealty to Charles III.",
        "The settlers did not keep their language.",
        "2500 settlers moved south.",
        "The Normans had a major impact on Europe.",
    ] {
        assert_eq!(verdict(sentence), Support::Supported, "{sentence}");
    }
}

#[test]
fn changes_are_noticed() {
    for sentence in [
        "Rollo swore fealty to King Charles III in 912.",
        "Rollo swore fealty to King Louis III in 911.",
        "Harald, their leader, swore fealty to King Charles III in 911.",
        "Rollo never swore fealty to King Charles III in 911.",
        "The settlers kept their language, and 2,500 of them moved south.",
        "2,500 of the settlers moved north.",
        "Rollo swore fealty to King Charles III in 2,500.",
    ] {
        assert_eq!(verdict(sentence), Support::Weak, "{sentence}");
    }
    assert_eq!(
        verdict("Photosynthesis happens inside the chloroplasts of plants."),
        Support::Unsupported
    );
}

#[test]
fn numbers_have_one_spelling() {
    for (written, number) in [
        ("1,066", "1066"),
        ("1.066", "1066"),
        ("10th", "10"),
        ("ten", "10"),
        ("3.5", "3.5"),
        ("3,5", "3.5"),
        ("1990s", "1990"),
        ("05", "5"),
        ("0.5", "0.5"),
        ("00", "0"),
        ("0", "0"),
        ("850.00", "850"),
        ("12.500,00", "12500"),
        ("850.50", "850.50"),
        ("0.00", "0"),
        ("2.0", "2.0"),
        ("８５０", "850"),
    ] {
        assert_eq!(number_of(written).as_deref(), Some(number));
    }
    assert_eq!(number_of("9th-century").as_deref(), None);
    assert_eq!(number_of("911abc"), None);
}

#[test]
fn an_amount_is_the_same_with_and_without_its_noughts() {
    all_are(
        Support::Supported,
        &[
            (
                "The monthly rent of the flat is EUR 850.00.",
                "The monthly rent of the flat is 850 euros.",
            ),
            ("月の家賃は８５０円です。", "月の家賃は850円です。"),
            (
                "Die Miete der Wohnung beträgt 1.250,00 Euro.",
                "Die Miete der Wohnung beträgt 1250 Euro.",
            ),
        ],
    );
    all_are(
        Support::Weak,
        &[
            ("月の家賃は950円です。", "月の家賃は８５０円です。"),
            (
                "The monthly rent of the flat is EUR 850.50.",
                "The monthly rent of the flat is 850 euros.",
            ),
            (
                "The monthly rent of the flat is EUR 850.00.",
                "The monthly rent of the flat is 85000 euros.",
            ),
        ],
    );
}

#[test]
fn two_sources_together_may_carry_a_sentence() {
    let one = Evidence::new("The rent is 850 euros.", ["Lease"]);
    let other = Evidence::new("Parking costs 60 euros.", ["Garage"]);
    let sentence = "The rent is 850 euros and parking costs 60 euros.";
    assert_ne!(check(sentence, &[&one], None).support, Support::Supported);
    assert_eq!(check(sentence, &[&one, &other], None).support, Support::Supported);
}

#[test]
fn german_is_checked_too() {
    let lease = Evidence::new(
        "Die Miete beträgt 850 Euro. Der Mieter darf keine Hunde halten.",
        ["Mietvertrag"],
    );
    assert_eq!(
        check("Die Miete beträgt 850 Euro.", &[&lease], None).support,
        Support::Supported
    );
    assert_eq!(
        check("Die Miete beträgt 950 Euro.", &[&lease], None).support,
        Support::Weak
    );
    assert_eq!(
        check("Der Mieter darf Hunde halten.", &[&lease], None).support,
        Support::Weak
    );
    assert_eq!(
        check("Der Vermieter darf keine Hunde halten.", &[&lease], None).support,
        Support::Weak
    );
}

fn against(text: &str, sentence: &str) -> Support {
    check(sentence, &[&Evidence::new(text, ["Lease"])], None).support
}

fn all_are(support: Support, pairs: &[(&str, &str)]) {
    for (text, sentence) in pairs {
        assert_eq!(against(text, sentence), support, "{sentence} / {text}");
    }
}

#[test]
fn an_answering_no_denies_nothing() {
    let lease = "Dogs may not be kept in the flat. The tenant may keep two cats.";
    all_are(
        Support::Supported,
        &[
            (lease, "No, dogs may not be kept in the flat."),
            (lease, "No, the tenant may keep two cats."),
            (lease, "Yes, the tenant may keep two cats."),
            (
                "Der Mieter darf zwei Katzen halten.",
                "**Nein**, der Mieter darf zwei Katzen halten.",
            ),
            ("Invoice No. 4711 is due in May.", "Invoice 4711 is due in May."),
        ],
    );
    all_are(
        Support::Weak,
        &[
            (lease, "No cats may the tenant keep."),
            (lease, "No, the tenant may not keep two cats."),
            (lease, "Yes, dogs may be kept in the flat."),
            ("Invoice No. 4711 is due in May.", "Invoice No. 4712 is due in May."),
        ],
    );
}

#[test]
fn both_words_of_a_pair_are_no_opposites() {
    all_are(
        Support::Supported,
        &[
            (
                "The shop is open from 9 am to 6 pm.",
                "The shop opens at 9 am and closes at 6 pm.",
            ),
            (
                "The tenant was able to pay the rent of May.",
                "The tenant, unable before, was able to pay the rent of May.",
            ),
        ],
    );
    all_are(
        Support::Weak,
        &[
            ("The shop opens at 9 am.", "The shop closes at 9 am."),
            ("The team was able to win.", "The team was unable to win."),
        ],
    );
}

#[test]
fn a_bound_is_no_denial() {
    let english = "The notice period is not less than three months. Rent is paid no later than the 5th working day.";
    let german = "Die Kündigungsfrist beträgt nicht weniger als drei Monate und darf nicht mehr als 500 Euro kosten.";
    all_are(
        Support::Supported,
        &[
            (english, "The notice period is at least three months."),
            (english, "The notice period is no less than 3 months."),
            (english, "Rent is paid by the 5th working day."),
            (
                "The notice period is at least three months.",
                "The notice period may not be less than three months.",
            ),
            (german, "Die Kündigungsfrist beträgt mindestens drei Monate."),
            (
                "Die Frist beträgt drei Monate oder mehr.",
                "Die Frist beträgt nicht weniger als drei Monate.",
            ),
        ],
    );
    all_are(
        Support::Weak,
        &[
            (english, "The notice period is less than three months."),
            (english, "The notice period is not more than three months."),
            (english, "The notice period is at most three months."),
            (english, "The notice period is at least four months."),
            (english, "Rent is paid later than the 5th working day."),
            (english, "Rent is not paid by the 5th working day."),
            (german, "Die Kündigungsfrist beträgt höchstens drei Monate."),
            (german, "Die Kündigungsfrist beträgt weniger als drei Monate."),
            (
                "Er gilt als Mieter der Wohnung.",
                "Er gilt nicht mehr als Mieter der Wohnung.",
            ),
            (
                "She is a tenant of the flat.",
                "She is no more than a tenant of the flat.",
            ),
        ],
    );
}

#[test]
fn a_claim_without_function_words_is_read_in_the_language_of_its_source() {
    let german = "Die monatliche Nebenkosten sind 150 Euro, und die Kaution ist mit der ersten Miete zu zahlen.";
    all_are(
        Support::Supported,
        &[
            (german, "- Monatliche Nebenkosten: 150 Euro"),
            (
                "Die monatlichen Nebenkosten betragen 150 Euro.",
                "- Monatliche Nebenkosten: 150 Euro",
            ),
            ("The monthly charges are 150 euros.", "- Monthly charge: 150 euros"),
        ],
    );
    all_are(Support::Weak, &[(german, "- Monatliche Nebenkosten: 160 Euro")]);
}

#[test]
fn a_date_is_one_whichever_way_it_is_written() {
    const WRITTEN: [&str; 10] = [
        "31.12.2025",
        "31. 12. 2025",
        "2025-12-31",
        "31 December 2025",
        "the 31st of December, 2025",
        "December 31, 2025",
        "Dec. 31, 2025",
        "31. Dezember 2025",
        "31. Dez. 2025",
        "31 Dec 2025",
    ];
    for written in WRITTEN {
        for other in WRITTEN {
            all_are(
                Support::Supported,
                &[
                    (
                        &format!("The lease ends on {written}, if nobody objects."),
                        &format!("The lease ends on {other}."),
                    ),
                    (
                        &format!("Der Vertrag endet am {written}."),
                        &format!("Der Vertrag endet am {other}."),
                    ),
                ],
            );
        }
        for changed in [
            "31 December 2026",
            "30 December 2025",
            "31. November 2025",
            "Nov. 31, 2025",
            "01.12.2025",
            "31.11.2025",
            "2026-12-31",
        ] {
            all_are(
                Support::Weak,
                &[
                    (
                        &format!("The lease ends on {written}."),
                        &format!("The lease ends on {changed}."),
                    ),
                    (
                        &format!("Der Vertrag endet am {written}."),
                        &format!("Der Vertrag endet am {changed}."),
                    ),
                ],
            );
        }
    }
    all_are(
        Support::Supported,
        &[
            ("Rent is due on 01.05.2025.", "Rent is due on May 1, 2025."),
            ("Rent is due on 1 May 2025.", "Rent is due in May 2025."),
            (
                "Die Miete ist am 01. März 2025 fällig.",
                "Die Miete ist am 1.3.2025 fällig.",
            ),
            ("The lease ends in December.", "The lease ends in December."),
        ],
    );
    all_are(
        Support::Weak,
        &[("The lease ends in December.", "The lease ends in November.")],
    );
}

#[test]
fn slashes_tell_which_figure_is_the_day_or_leave_it_open() {
    let ends = |date: &str| format!("The lease of the old mill ends on {date}.");
    let finding = |source: &str, claim: &str| check(&ends(claim), &[&Evidence::new(&ends(source), [])], None);
    for (source, claim) in [
        ("12/31/2025", "31 December 2025"),
        ("12/31/2025", "31/12/2025"),
        ("31/12/25", "December 31, 2025"),
        ("31.12.2025", "12/31/25"),
        ("2025/12/31", "31. 12. 2025"),
        ("03/03/2026", "3 March 2026"),
        ("03/04/2026", "03/04/2026"),
        ("03/04/2026", "3/4/26"),
    ] {
        assert_eq!(finding(source, claim).support, Support::Supported, "{source} / {claim}");
    }
    for (source, claim) in [
        ("03/04/2026", "3 April 2026"),
        ("03/04/2026", "March 4, 2026"),
        ("3/4/26", "4.3.2026"),
        ("3 April 2026", "04/03/2026"),
        ("03/04/2026", "04/03/2026"),
        ("12/31/25", "31 December 1925"),
    ] {
        let open = finding(source, claim);
        assert_eq!(open.support, Support::Weak, "{source} / {claim}");
        assert!(
            open.missing.is_empty() && !open.contradicts,
            "{source} / {claim}: {open:?}"
        );
    }
    for (source, claim) in [
        ("03/04/2026", "5 April 2026"),
        ("03/04/2026", "3 May 2026"),
        ("03/04/2026", "3 April 2027"),
        ("03/04/2026", "03/05/2026"),
        ("12/31/2025", "30 December 2025"),
        ("31/12/2025", "11/30/2025"),
    ] {
        let changed = finding(source, claim);
        assert_eq!(changed.support, Support::Weak, "{source} / {claim}");
        assert!(!changed.missing.is_empty(), "{source} / {claim}");
    }
    let alone = check("The date is 3 April.", &[&Evidence::new("Date: 03/04/2026", [])], None);
    assert_eq!(alone.support, Support::Weak);
    all_are(
        Support::Supported,
        &[
            (
                "The mill grinds 24/7 and 1/2/3/26 times.",
                "The mill grinds 24/7 and 1/2/3/26 times.",
            ),
            ("Rent is due on 25/04/2026.", "Rent is due in April 2026."),
        ],
    );
    all_are(
        Support::Weak,
        &[
            ("Rent is due on 03/04/2026.", "Rent is due in April."),
            // The figures of a date are no number of tenants.
            (
                "The tenants pay the rent of the mill on 03/04/2026.",
                "The three tenants pay the rent of the mill on 03/04/2026.",
            ),
        ],
    );
}

#[test]
fn a_sign_is_part_of_its_number() {
    for minus in ["-", "−", "–", "－", "minus "] {
        all_are(
            Support::Weak,
            &[
                (
                    &format!("Sales of the old mill changed by {minus}5 % in June."),
                    "Sales of the old mill changed by +5 % in June.",
                ),
                (
                    "Sales of the old mill changed by +5 % in June.",
                    &format!("Sales of the old mill changed by {minus}5 % in June."),
                ),
                (
                    &format!("The temperature in the cold store is {minus}18 degrees."),
                    "The temperature in the cold store is 18 degrees.",
                ),
                (
                    "The balance of the account is EUR 250.",
                    &format!("The balance of the account is {minus}€250."),
                ),
            ],
        );
        all_are(
            Support::Supported,
            &[
                (
                    &format!("Sales of the old mill changed by {minus}5 % in June."),
                    "Sales of the old mill changed by −5 % in June.",
                ),
                (
                    &format!("Sales of the old mill in June: {minus}5 %"),
                    "Sales of the old mill in June fell by 5 %.",
                ),
                (
                    "Sales of the old mill in June fell by 5 %.",
                    &format!("Sales of the old mill in June: {minus}5 %"),
                ),
            ],
        );
    }
    all_are(
        Support::Supported,
        &[
            ("Sales changed by +5 % in June.", "Sales changed by 5 % in June."),
            (
                "- 5 cats live in the old mill.\n- 3 dogs live there.",
                "5 cats live in the old mill.",
            ),
            ("-5 cats live in the old mill.", "5 cats live in the old mill."),
            (
                "Between 1905-1910 the old mill ground 5-10 tons.",
                "Between 1905 and 1910 the old mill ground 5 to 10 tons.",
            ),
            (
                "The mill has 2019 –2020 used form A-5 (12).",
                "The mill has used form A 5 in 2020.",
            ),
            (
                "The balance of the account is 250-.",
                "The balance of the account is 250.",
            ),
        ],
    );
}

#[test]
fn numbers_in_words_are_numbers() {
    for (words, digits) in [
        ("twelve", "12"),
        ("twenty-five", "25"),
        ("one hundred", "100"),
        ("two hundred and five", "205"),
        ("three thousand five hundred", "3,500"),
        ("one hundred and twenty-five thousand", "125,000"),
        ("one", "1"),
    ] {
        let english = |number: &str| format!("The tenant of the old mill has to pay within {number} days.");
        all_are(
            Support::Supported,
            &[
                (&english(words), &english(digits)),
                (&english(digits), &english(words)),
                (&english(words), &english(words)),
            ],
        );
        let others = ["13", "thirteen", "26", "twenty-six", "two hundred"].map(english);
        for other in &others {
            all_are(Support::Weak, &[(&english(words), other), (other, &english(words))]);
        }
    }
    for (words, digits) in [
        ("dreizehn", "13"),
        ("fünfundzwanzig", "25"),
        ("zweihundertfünf", "205"),
        ("einen", "1"),
    ] {
        let german = |number: &str| format!("Der Mieter der alten Mühle muss binnen {number} Tagen zahlen.");
        all_are(
            Support::Supported,
            &[
                (&german(words), &german(digits)),
                (&german(digits), &german(words)),
                (&german(words), &german(words)),
            ],
        );
        let others = ["zwölf", "14", "sechsundzwanzig"].map(german);
        for other in &others {
            all_are(Support::Weak, &[(&german(words), other), (other, &german(words))]);
        }
    }
    all_are(
        Support::Weak,
        &[
            ("The tenant may keep one cat.", "The tenant may keep two cats."),
            ("The tenant may keep two cats.", "The tenant may keep one cat."),
            (
                "Der Mieter darf zwei Katzen halten.",
                "Der Mieter darf eine Katze halten.",
            ),
            (
                "The notice period is at least one month.",
                "The notice period is at most one month.",
            ),
        ],
    );
    all_are(
        Support::Supported,
        &[
            (
                "The tenant may keep one or two cats in the flat.",
                "The tenant may keep one cat in the flat.",
            ),
            (
                "Two tenants live in the flat, and one of the tenants pays the rent.",
                "One of the two tenants pays the rent.",
            ),
            (
                "No one of the two tenants pays the rent.",
                "No one of the two tenants pays the rent.",
            ),
            (
                "Die Miete ist am dritten Werktag des Monats fällig.",
                "Die Miete ist am 3. Werktag des Monats fällig.",
            ),
            (
                "Between one hundred and two hundred people came to the old mill.",
                "Between 100 and 200 people came to the old mill.",
            ),
            (
                "It was the twenty-first century when the old mill burnt.",
                "It was the 21st century when the old mill burnt.",
            ),
        ],
    );
}

#[test]
fn denials_within_words_are_denials() {
    all_are(
        Support::Weak,
        &[
            ("租客不可以养狗。", "租客可以养狗。"),
            ("租客可以养狗。", "租客不可以养狗。"),
            ("租客不得转租房屋。", "租客可以转租房屋。"),
            ("房屋内禁止吸烟。", "房屋内可以吸烟。"),
            ("押金没有退还给租客。", "押金退还给租客。"),
            ("犬を飼うことはできません。", "犬を飼うことができます。"),
            ("犬を飼うことができます。", "犬を飼うことはできません。"),
            ("転貸は許可されていない。", "転貸は許可されている。"),
        ],
    );
    all_are(
        Support::Supported,
        &[
            ("租客不可以养狗。", "租客不可以养狗。"),
            ("租客不得养猫，但可以养狗。", "租客可以养狗。"),
            ("未经房东书面同意，租客不得转租。", "未经房东书面同意，租客不得转租。"),
            ("两个不同的房间由租客使用。", "两个房间由租客使用。"),
            ("租客可以养狗。", "租客可以养狗。"),
            ("犬を飼うことはできません。", "犬を飼うことはできません。"),
            ("家賃は月末までに支払わなければならない。", "家賃は月末までに支払う。"),
            ("契約は2年で、更新はできない。", "契約は2年です。"),
            ("不動産の契約は2年です。", "不動産の契約は2年です。"),
            ("保証人の署名は契約に不可欠である。", "保証人の署名は契約に必要である。"),
        ],
    );
}

proptest! {
    #[test]
    fn any_text_can_be_checked(sentence in "\\PC{0,60}", text in "\\PC{0,120}") {
        let finding = check(&sentence, &[&Evidence::new(&text, [])], Some(0.5));
        prop_assert!((0.0..=1.0).contains(&finding.coverage));
    }
}
