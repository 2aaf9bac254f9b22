/**
 * Networks as TorchScript: a {@link org.simreg.worker.network.Network} becomes source text, the
 * text an archive, the archive a loaded module behind a few calls, each of them one call into
 * libtorch.
 */
package org.simreg.worker.torchscript;
