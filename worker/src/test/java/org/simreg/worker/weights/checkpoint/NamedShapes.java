package org.simreg.worker.weights.checkpoint;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.simreg.proto.Network;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.tensor.DType;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** Names and shapes of a file, tensor by tensor; all values share one block of zeros. */
final class NamedShapes {
    private static final byte[] ZEROS = new byte[4 * 2048 * 2048 * 9];

    private final Map<String, HostTensor> tensors = new LinkedHashMap<>();

    NamedShapes with(Network name, String prefix) {
        return with(Networks.backbone(name), prefix);
    }

    NamedShapes with(NetworkGraph network, String prefix) {
        network.weights().forEach(weight -> with(prefix + weight.name(), weight.shape()));
        return this;
    }

    NamedShapes with(String name, long... shape) {
        long bytes = Float.BYTES;
        for (long size : shape) {
            bytes *= size;
        }
        ByteBuffer data = ByteBuffer.wrap(ZEROS, 0, Math.toIntExact(bytes));
        tensors.put(name, new HostTensor(DType.FLOAT32, shape, data));
        return this;
    }

    NamedShapes without(String name) {
        tensors.remove(name);
        return this;
    }

    StateDict dict() {
        return StateDict.of(tensors);
    }

    RecognizedFile recognised() {
        return NetworkRecognizer.of(dict());
    }
}
