import fc from "fast-check";

const dateFormatPieces = [
  ..."HH HH12 HH24 MI SS MS US FF1 FF3 FF6 SSSS SSSSS AM P.M. am p.m. Y,YYY YYYY YYY YY Y IYYY IYY IY I".split(" "),
  ..."BC A.D. ad MONTH Month month MON Mon mon MM DAY Day day DY Dy dy DDD IDDD DD D ID W WW IW CC J Q RM rm".split(
    " ",
  ),
  ..."hh24 mi ss yyyy dd FM FX TH th SP - / : , . x T é @ A Da".split(" "),
  " ",
  '"YYYY"',
  '"a\\"b\\c"',
  '\\"',
  "\\",
  '"open',
];
export const dateFormats: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...dateFormatPieces), { maxLength: 8 })
  .map((pieces) => pieces.join(""));

export const numberFormats: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "FM999,999,990.00",
    "999,999,999,999",
    "00000",
    "FM9990.0099",
    "9.99",
    "FM9.9",
    "0.9",
    "999PR",
    "FM99.9PR",
    "99MI",
    "FM99MI",
    "PL99.9",
    "SG099",
    "99TH",
    "FM99th",
    '$99 a\\"b',
    "99.",
    "9,9,9.9",
    "",
  ),
  fc
    .array(fc.constantFrom("9", "9", "9", "0", ",", ".", "FM", "MI", "PL", "SG", "PR", "TH", " ", "x", '"0"'), {
      maxLength: 9,
    })
    .map((pieces) => pieces.join("")),
);
