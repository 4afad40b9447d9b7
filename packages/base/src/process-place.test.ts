import { expect, test } from "vitest";
import { placeEnvironment, processPlace } from "./process-place.ts";

test("a place survives the environment, and nothing there is the only process", () => {
  const place = { front: 3, generation: 12 };
  expect(processPlace(placeEnvironment(place))).toEqual(place);
  expect(processPlace({})).toEqual({ front: 0, generation: 0 });
  expect(processPlace({ FRESHET_PLACE: "third" })).toEqual({ front: 0, generation: 0 });
});
