package org.simreg.worker.data.pack;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.SampleBytes;
import org.simreg.worker.data.dataset.SampleSource;
import org.simreg.worker.data.image.ImageDecoder;
import org.simreg.worker.data.image.JpegEncoder;
import org.simreg.worker.data.image.RgbImage;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.view.ViewRenderer;

/** The reader of a sample as it goes into a shard; finds out whether it is a whole picture. Belongs to one thread. */
final class PictureCoder implements AutoCloseable {
    private final PackSettings settings;
    private final ImageDecoder decoder = new ImageDecoder(BatchLoader.Settings.PILLOW_MAX_PIXELS);
    private final JpegEncoder encoder;
    private final ViewRenderer renderer = new ViewRenderer();
    private final RgbImage picture = new RgbImage();

    PictureCoder(PackSettings settings) {
        this.settings = settings;
        encoder = new JpegEncoder(settings.jpegQuality());
    }

    /**
     * A sample's file for the shard.
     *
     * @param bytes empty if it is left out
     * @param broken why the picture can't be used; empty if it can
     */
    record Coded(byte[] bytes, String broken) {
        boolean isIn() {
            return bytes.length > 0;
        }
    }

    Coded code(ImageList images, int id) {
        if (settings.encodes()) {
            String broken = broken(file -> images.source().read(id, file, () -> true));
            return broken.isEmpty() ? new Coded(encoded(), "") : new Coded(new byte[0], broken);
        }
        try (SampleBytes bytes = ((SampleSource.Stored) images.source()).open(id)) {
            ByteBuffer whole =
                    ByteBuffer.allocate(Math.toIntExact(bytes.version().getLength()));
            bytes.read(whole);
            whole.flip();
            return new Coded(
                    whole.array(),
                    broken(file -> file.room(whole.limit()).put(whole).flip()));
        } catch (IOException e) {
            return new Coded(new byte[0], "it can't be read, " + Disk.reason(e));
        }
    }

    private String broken(ImageDecoder.Reading reading) {
        try {
            decoder.decode(reading, picture);
            return "";
        } catch (IOException e) {
            return e instanceof ImageDecoder.UnreadableImage ? e.getMessage() : "it can't be read, " + Disk.reason(e);
        }
    }

    private byte[] encoded() {
        ViewRenderer.Shrunk shrunk =
                renderer.shrunk(picture, settings.shorterSide().orElse(Integer.MAX_VALUE));
        picture.release();
        return encoder.encode(shrunk.rgb(), shrunk.width(), shrunk.height());
    }

    @Override
    public void close() {
        decoder.close();
        encoder.close();
    }
}
