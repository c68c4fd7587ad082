// C = A·B (+ C), f32, row-major. A workgroup of 16 × 16 threads computes a tile of C, going through A and B in slices that it copies to shared
// memory; a thread keeps its part of the tile in registers. Rows and columns past the edges are read as 0 and never written.

struct Params {
  rows: u32,
  columns: u32,
  depth: u32,
  /** Values from one row of A to the next, and where the slice of A starts. */
  strideA: u32,
  startA: u32,
  /** 1: add to what C holds. */
  accumulate: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

const slice = 16u;

fn loadA(row: u32, column: u32) -> f32 {
  if (row < params.rows && column < params.depth) {
    return a[params.startA + row * params.strideA + column];
  }
  return 0.0;
}

fn loadB(row: u32, column: u32) -> f32 {
  if (row < params.depth && column < params.columns) {
    return b[row * params.columns + column];
  }
  return 0.0;
}

fn store(row: u32, column: u32, value: f32) {
  if (row < params.rows && column < params.columns) {
    let at = row * params.columns + column;
    if (params.accumulate == 1u) {
      c[at] += value;
    } else {
      c[at] = value;
    }
  }
}

fn store4(row: u32, column: u32, value: vec4f) {
  store(row, column, value.x);
  store(row, column + 1u, value.y);
  store(row, column + 2u, value.z);
  store(row, column + 3u, value.w);
}

// Tiles of 64 × 64, 4 × 4 a thread. A's slice lies with its depth first, so that four rows are one vector.
var<workgroup> a64: array<vec4f, 256>;
var<workgroup> b64: array<vec4f, 256>;

@compute @workgroup_size(16, 16)
fn gemm64(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let thread = local.y * 16u + local.x;
  let row = workgroup.y * 64u;
  let column = workgroup.x * 64u;
  // Of A this thread copies four rows of one column, of B four columns of one row.
  let depthA = thread & 15u;
  let rowsA = thread >> 4u;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var depth = 0u; depth < params.depth; depth += slice) {
    let r = row + 4u * rowsA;
    let d = depth + depthA;
    a64[depthA * 16u + rowsA] = vec4f(loadA(r, d), loadA(r + 1u, d), loadA(r + 2u, d), loadA(r + 3u, d));
    let q = column + 4u * local.x;
    let e = depth + local.y;
    b64[thread] = vec4f(loadB(e, q), loadB(e, q + 1u), loadB(e, q + 2u), loadB(e, q + 3u));
    workgroupBarrier();
    for (var k = 0u; k < slice; k++) {
      let left = a64[k * 16u + local.y];
      let right = b64[k * 16u + local.x];
      sum0 += left.x * right;
      sum1 += left.y * right;
      sum2 += left.z * right;
      sum3 += left.w * right;
    }
    workgroupBarrier();
  }
  let r = row + 4u * local.y;
  let q = column + 4u * local.x;
  store4(r, q, sum0);
  store4(r + 1u, q, sum1);
  store4(r + 2u, q, sum2);
  store4(r + 3u, q, sum3);
}

// Tiles of 128 × 128, 8 × 8 a thread: half the reads of shared memory for each product. Rows r..r+3 and r+64..r+67, columns likewise, so that
// neighbouring threads read neighbouring vectors.
const slice128 = 8u;
var<workgroup> a128: array<vec4f, 256>;
var<workgroup> b128: array<vec4f, 256>;

@compute @workgroup_size(16, 16)
fn gemm128(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let thread = local.y * 16u + local.x;
  let row = workgroup.y * 128u;
  let column = workgroup.x * 128u;
  let depthA = thread & 7u;
  let rowsA = thread >> 3u;
  let columnsB = thread & 31u;
  let depthB = thread >> 5u;
  var s00 = vec4f(); var s01 = vec4f();
  var s10 = vec4f(); var s11 = vec4f();
  var s20 = vec4f(); var s21 = vec4f();
  var s30 = vec4f(); var s31 = vec4f();
  var s40 = vec4f(); var s41 = vec4f();
  var s50 = vec4f(); var s51 = vec4f();
  var s60 = vec4f(); var s61 = vec4f();
  var s70 = vec4f(); var s71 = vec4f();
  for (var depth = 0u; depth < params.depth; depth += slice128) {
    let r = row + 4u * rowsA;
    let d = depth + depthA;
    a128[depthA * 32u + rowsA] = vec4f(loadA(r, d), loadA(r + 1u, d), loadA(r + 2u, d), loadA(r + 3u, d));
    let q = column + 4u * columnsB;
    let e = depth + depthB;
    b128[thread] = vec4f(loadB(e, q), loadB(e, q + 1u), loadB(e, q + 2u), loadB(e, q + 3u));
    workgroupBarrier();
    for (var k = 0u; k < slice128; k++) {
      let upper = a128[k * 32u + local.y];
      let lower = a128[k * 32u + 16u + local.y];
      let left = b128[k * 32u + local.x];
      let right = b128[k * 32u + 16u + local.x];
      s00 += upper.x * left; s01 += upper.x * right;
      s10 += upper.y * left; s11 += upper.y * right;
      s20 += upper.z * left; s21 += upper.z * right;
      s30 += upper.w * left; s31 += upper.w * right;
      s40 += lower.x * left; s41 += lower.x * right;
      s50 += lower.y * left; s51 += lower.y * right;
      s60 += lower.z * left; s61 += lower.z * right;
      s70 += lower.w * left; s71 += lower.w * right;
    }
    workgroupBarrier();
  }
  let r = row + 4u * local.y;
  let q = column + 4u * local.x;
  store4(r, q, s00); store4(r, q + 64u, s01);
  store4(r + 1u, q, s10); store4(r + 1u, q + 64u, s11);
  store4(r + 2u, q, s20); store4(r + 2u, q + 64u, s21);
  store4(r + 3u, q, s30); store4(r + 3u, q + 64u, s31);
  store4(r + 64u, q, s40); store4(r + 64u, q + 64u, s41);
  store4(r + 65u, q, s50); store4(r + 65u, q + 64u, s51);
  store4(r + 66u, q, s60); store4(r + 66u, q + 64u, s61);
  store4(r + 67u, q, s70); store4(r + 67u, q + 64u, s71);
}
