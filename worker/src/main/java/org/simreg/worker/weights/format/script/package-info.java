/**
 * TorchScript archives: what is in them, read without libtorch ({@link
 * org.simreg.worker.weights.format.script.ScriptArchive}, to be read first), and which operators they
 * may use.
 */
package org.simreg.worker.weights.format.script;
