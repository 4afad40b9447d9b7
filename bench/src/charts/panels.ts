/** Lines over one x axis. */
export interface Panel {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  /** Both axes of powers of ten, or both linear. */
  readonly logarithmic: boolean;
  readonly series: readonly Series[];
}

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const WIDTH = 300;
const HEIGHT = 170;
const COLUMNS = 2;
const COLOURS = ["#1f6f8b", "#d1495b", "#66a182", "#8d6a9f"];

/** A Vega specification of the panels, two in a row. */
export function panelsSpec(title: string, panels: readonly Panel[]): object {
  return {
    background: "white",
    padding: 12,
    title: { text: title, fontSize: 15, offset: 14 },
    layout: { columns: COLUMNS, padding: 24, align: "all" },
    config: { axis: { gridColor: "#e6e6e6", labelFontSize: 10, titleFontSize: 11 }, legend: { labelLimit: 300 } },
    marks: panels.map(panelMark),
  };
}

function panelMark({ title, xTitle, yTitle, logarithmic, series }: Panel): object {
  const values = series.flatMap(({ name, points }) => points.map(([x, y]) => ({ name, x, y })));
  const scale = logarithmic ? { type: "log", nice: true } : { type: "linear", zero: true, nice: true };
  const domain = (field: string): object => ({ data: "points", field });
  const axis = { grid: true, tickCount: logarithmic ? 4 : 6 };
  return {
    type: "group",
    title: { text: title, fontSize: 12, anchor: "start" },
    encode: { enter: { width: { value: WIDTH }, height: { value: HEIGHT } } },
    data: [{ name: "points", values }],
    scales: [
      { name: "x", range: [0, WIDTH], domain: domain("x"), ...scale },
      { name: "y", range: [HEIGHT, 0], domain: domain("y"), ...scale },
      { name: "colour", type: "ordinal", domain: series.map(({ name }) => name), range: COLOURS },
    ],
    axes: [
      { scale: "x", orient: "bottom", title: xTitle, format: "~s", ...axis },
      { scale: "y", orient: "left", title: yTitle, format: ",.4~r", ...axis },
    ],
    legends: series.length > 1 ? [{ stroke: "colour", symbolType: "stroke", orient: "bottom" }] : [],
    marks: [seriesMark(logarithmic)],
  };
}

function seriesMark(withPoints: boolean): object {
  const place = { x: { scale: "x", field: "x" }, y: { scale: "y", field: "y" } };
  const line = {
    type: "line",
    from: { data: "one" },
    encode: { enter: { ...place, stroke: { scale: "colour", field: "name" }, strokeWidth: { value: 1.8 } } },
  };
  const symbol = {
    type: "symbol",
    from: { data: "one" },
    encode: { enter: { ...place, fill: { scale: "colour", field: "name" }, size: { value: 26 } } },
  };
  return {
    type: "group",
    from: { facet: { name: "one", data: "points", groupby: "name" } },
    marks: withPoints ? [line, symbol] : [line],
  };
}
