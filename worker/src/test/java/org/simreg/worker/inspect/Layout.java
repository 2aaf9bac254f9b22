package org.simreg.worker.inspect;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.simreg.worker.checkpoint.DType;
import org.simreg.worker.checkpoint.HostTensor;
import org.simreg.worker.checkpoint.StateDict;
import org.simreg.worker.network.Network;
import org.simreg.worker.network.Networks;

/** Names and shapes of a file, tensor by tensor; all values share one block of zeros. */
final class Layout {
    private static final byte[] ZEROS = new byte[4 * 2048 * 2048 * 9];

    private final Map<String, HostTensor> tensors = new LinkedHashMap<>();

    Layout with(org.simreg.proto.Network name, String prefix) {
        return with(Networks.backbone(name), prefix);
    }

    Layout with(Network network, String prefix) {
        network.weights().forEach(weight -> with(prefix + weight.name(), weight.shape()));
        return this;
    }

    Layout with(String name, long... shape) {
        long bytes = Float.BYTES;
        for (long size : shape) {
            bytes *= size;
        }
        ByteBuffer data = ByteBuffer.wrap(ZEROS, 0, Math.toIntExact(bytes));
        tensors.put(name, new HostTensor(DType.FLOAT32, shape, data));
        return this;
    }

    Layout without(String name) {
        tensors.remove(name);
        return this;
    }

    StateDict dict() {
        return StateDict.of(tensors);
    }

    Recognised recognised() {
        return Recognition.of(dict());
    }
}
