package org.simreg.worker.engine.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.TempFile;
import org.simreg.worker.weights.format.script.ScriptCopy;

/**
 * A loaded TorchScript module; each call is one call into libtorch. It belongs to the thread that
 * runs it.
 */
public final class TorchModule implements AutoCloseable {
    private final PtSymbolBlock block;

    private TorchModule(PtSymbolBlock block) {
        this.block = block;
    }

    /** Loads an archive of ours from memory onto the device of {@code torch}. */
    public static TorchModule load(Torch torch, byte[] archive) {
        return load(torch, channel -> AtomicFile.put(channel, ByteBuffer.wrap(archive)));
    }

    /**
     * Loads a file from outside onto the device of {@code torch}: a copy of what of it makes the module, once its source
     * is found to compute only.
     *
     * @throws UserError if it is no such file or uses other operators, or none are to be run
     */
    public static TorchModule foreign(Torch torch, Path file) {
        torch.requireForeign(file);
        return load(torch, channel -> ScriptCopy.write(file, channel));
    }

    private static TorchModule load(Torch torch, AtomicFile.Content content) {
        try (TempFile file = TempFile.make(".pt")) {
            try (FileChannel channel = FileChannel.open(file.path(), StandardOpenOption.WRITE)) {
                content.write(channel);
            }
            return load(torch, file.path());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static TorchModule load(Torch torch, Path file) {
        PtNDManager manager = (PtNDManager) torch.manager();
        // "Trained": loaded outside of inference mode, whose tensors may never enter autograd.
        PtSymbolBlock block = JniUtils.loadModule(manager, file, true, new String[0], new String[0], true);
        return new TorchModule(block);
    }

    /** Puts it and the modules in it into training mode; loaded ones are in evaluation mode. */
    public TorchModule training() {
        JniUtils.enableTrainingMode(block);
        return this;
    }

    /**
     * Runs a method whose results live in {@code scope}.
     *
     * @param arguments arrays for tensors, arrays of arrays for lists of tensors
     */
    public NDList call(NDManager scope, String method, Object... arguments) {
        NDList inputs = new NDList();
        // The results go to the manager of the first input.
        try (PtNDManager call = (PtNDManager) scope.newSubManager()) {
            NDArray methodName = Torch.onHost(call, 0);
            methodName.setName("module_method:" + method);
            inputs.add(methodName);
            for (int i = 0; i < arguments.length; i++) {
                add(inputs, arguments[i], "argument" + i + "[]");
            }
            NDList results = IValueUtils.forward(block, inputs, true);
            results.attach(scope);
            return results;
        }
    }

    private static void add(NDList inputs, Object argument, String listName) {
        if (argument instanceof NDArray array) {
            array.setName(null);
            inputs.add(array);
        } else {
            for (NDArray array : (NDArray[]) argument) {
                array.setName(listName);
                inputs.add(array);
            }
        }
    }

    @Override
    public void close() {
        block.close();
    }
}
