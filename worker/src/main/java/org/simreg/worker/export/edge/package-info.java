/**
 * Networks in 8-bit integers for small devices, as ONNX: ranges from some images, the quantised graph, and what it loses,
 * by ONNX Runtime. Read {@link org.simreg.worker.export.edge.Int8Export} first.
 */
package org.simreg.worker.export.edge;
