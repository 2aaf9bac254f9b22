/** Networks as TorchScript source; student and frozen network behind a few calls. */
package org.simreg.worker.engine.torchscript;
