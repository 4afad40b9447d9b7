/** Built-in functions by family, each with a query over the demo shop. */
export const functionFeatures: readonly (readonly [feature: string, sql: string])[] = [
  [
    "`sqrt`, `ln`, `log`, `exp` of numeric",
    "SELECT sqrt(price), ln(price + 1), log(price + 1), exp(price / 1000) FROM products",
  ],
  ["`power` of numeric", "SELECT power(price, 2), power(1.05, id % 10), price ^ 0.5 FROM products"],
  [
    "`power`, `exp`, `ln`, `sin` of double precision",
    "SELECT power(weight_kg, 2), exp(weight_kg), sin(weight_kg) FROM products",
  ],
  ["`degrees`, `radians`, `pi`", "SELECT degrees(weight_kg), radians(weight_kg), pi() FROM products"],
  [
    "`factorial`, `gcd`, `lcm`, `width_bucket`",
    "SELECT factorial(5), gcd(id, 12), lcm(id, 12), width_bucket(price, 0, 500, 10) FROM products",
  ],
];
