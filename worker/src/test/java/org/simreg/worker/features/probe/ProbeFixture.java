package org.simreg.worker.features.probe;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.simreg.worker.features.knn.FeatureBank;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.tensor.StateDict;

/** The fixture that {@code scripts/fixtures/probe.py} wrote: features, labels, PyTorch's scores. */
public final class ProbeFixture {
    static final int CLASSES = 9;
    static final int SEED = 11;

    private static final Path FILE = Path.of("src/test/resources/evaluate/probe.safetensors");

    private final StateDict tensors = WeightsFile.read(FILE);

    public FeatureBank train() {
        return bank("train", "labels");
    }

    public FeatureBank val() {
        return bank("val", "truth");
    }

    private FeatureBank bank(String rows, String labels) {
        int[] classes = ints(labels);
        FeatureBank bank = new FeatureBank(classes.length, (int) tensors.shape(rows)[1]);
        int[] ids = IntStream.range(0, classes.length).toArray();
        bank.add(tensors.get(rows).floats(), ids, classes);
        return bank;
    }

    public int[] ints(String name) {
        ByteBuffer data = tensors.get(name).data();
        int[] values = new int[data.remaining() / Integer.BYTES];
        data.asIntBuffer().get(values);
        return values;
    }

    double[] doubles(String name) {
        ByteBuffer data = tensors.get(name).data();
        double[] values = new double[data.remaining() / Double.BYTES];
        data.asDoubleBuffer().get(values);
        return values;
    }
}
