/**
 * The layers of a network as TorchScript expressions, alike in training and in inference. Read {@link
 * org.simreg.worker.engine.torchscript.layer.LayerCode} first.
 */
package org.simreg.worker.engine.torchscript.layer;
