/**
 * What a network <em>is</em>: its layers in order, their shapes and the names of their weights.
 * Nothing here computes; the emitters turn a {@link org.simreg.worker.network.Network} into
 * TorchScript or ONNX.
 */
package org.simreg.worker.network;
