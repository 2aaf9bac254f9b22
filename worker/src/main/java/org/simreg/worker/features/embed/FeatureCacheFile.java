package org.simreg.worker.features.embed;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.weights.checkpoint.RunWeights;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.format.Safetensors;
import org.simreg.worker.weights.tensor.DType;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * A safetensors file of a folder's features as the network gave them: {@code features.0}, {@code
 * features.1}, .. (n, D) float32 in the order of ids, {@code labels} (N) int32, {@code ids} (N) int32, which files of
 * earlier versions lack since they have a row for every image, and in the metadata
 * the key: all that decided them. The file's name is made of the key, so that other settings make
 * another file.
 */
record FeatureCacheFile(Path file, String key) {
    private static final String KEY = "key";
    private static final String LABELS = "labels";
    private static final String IDS = "ids";
    private static final String FEATURES = "features.";

    /** Values of a tensor: 16 MiB, so that reading takes little memory besides the bank. */
    private static final int VALUES = 1 << 22;

    /**
     * @param part {@code train} or {@code val}
     */
    static FeatureCacheFile in(Path folder, String part, String key) {
        String digest = Sha256.of(key).substring(0, 16);
        return new FeatureCacheFile(folder.resolve(part + "-" + digest + ".safetensors"), key);
    }

    boolean exists() {
        return Files.exists(file);
    }

    /**
     * Computes the features and writes them, whole or not at all.
     *
     * @throws UserError if the file can't be written
     */
    void write(ImageEmbedder images, ImageEmbedder.Features features, ViewRecipe view, ProgressMonitor progress) {
        Tensors tensors = new Tensors(images.images().size());
        images.run(features, new ImageEmbedder.Pass(view, 0, images.all()), progress, tensors);
        StateDict all = tensors.all();
        Safetensors.write(file, all, Safetensors.sealed(all, Map.of(KEY, key)));
    }

    /**
     * @param rows takes all features in the order of ids
     * @throws UserError if the file is damaged or not of this key
     */
    void read(ProgressMonitor progress, ImageEmbedder.RowSink rows) {
        if (!key.equals(RunWeights.notes(file).get(KEY))) {
            throw new UserError("The features in %s are not those that are asked for; delete the file".formatted(file));
        }
        StateDict tensors = WeightsFile.read(file);
        ByteBuffer labels = tensors.get(LABELS).data();
        int size = labels.remaining() / Integer.BYTES;
        int[] ids = IntStream.range(0, size).toArray();
        if (tensors.contains(IDS)) {
            tensors.get(IDS).data().asIntBuffer().get(ids);
        }
        int from = 0;
        for (int i = 0; tensors.contains(FEATURES + i); i++) {
            progress.next("reading " + file.getFileName(), from, size);
            int count = (int) tensors.shape(FEATURES + i)[0];
            int[] some = Arrays.copyOfRange(ids, from, from + count);
            rows.take(tensors.get(FEATURES + i).floats(), some, labels(labels, from, count));
            from += count;
        }
    }

    private static int[] labels(ByteBuffer labels, int from, int count) {
        int[] part = new int[count];
        labels.asIntBuffer().get(from, part);
        return part;
    }

    /** A receiver of rows that gathers them in tensors of {@link #VALUES} values. */
    private static final class Tensors implements ImageEmbedder.RowSink {
        private final Map<String, HostTensor> tensors = new LinkedHashMap<>();
        private final ByteBuffer labels;
        private final ByteBuffer ids;
        private final int size;
        private ByteBuffer open;
        private int rows;

        Tensors(int size) {
            this.size = size;
            labels = little(size * Integer.BYTES);
            ids = little(size * Integer.BYTES);
        }

        private static ByteBuffer little(int bytes) {
            return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }

        @Override
        public void take(float[] values, int[] images, int[] classes) {
            int width = values.length / images.length;
            int most = Math.max(1, VALUES / width);
            for (int row = 0; row < images.length; row++) {
                if (open == null) {
                    int left = size - labels.position() / Integer.BYTES;
                    open = little(Math.min(most, left) * width * Float.BYTES);
                }
                for (int d = 0; d < width; d++) {
                    open.putFloat(values[row * width + d]);
                }
                labels.putInt(classes[row]);
                ids.putInt(images[row]);
                rows++;
                if (!open.hasRemaining()) {
                    finish(width);
                }
            }
        }

        private void finish(int width) {
            long[] shape = {rows, width};
            String name = FEATURES + tensors.size();
            tensors.put(name, new HostTensor(DType.FLOAT32, shape, open.flip()));
            open = null;
            rows = 0;
        }

        StateDict all() {
            if (rows > 0) {
                finish(open.position() / rows / Float.BYTES);
            }
            Map<String, HostTensor> whole = new LinkedHashMap<>(tensors);
            long[] shape = {labels.flip().remaining() / Integer.BYTES};
            whole.put(LABELS, new HostTensor(DType.INT32, shape, labels));
            whole.put(IDS, new HostTensor(DType.INT32, shape, ids.flip()));
            return StateDict.of(whole);
        }
    }
}
