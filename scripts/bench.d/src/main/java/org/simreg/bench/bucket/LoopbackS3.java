package org.simreg.bench.bucket;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.gaul.s3proxy.AuthenticationType;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobApiMetadata;
import org.jclouds.ContextBuilder;
import org.jclouds.blobstore.BlobStore;
import org.jclouds.blobstore.BlobStoreContext;
import org.jclouds.blobstore.domain.Blob;
import org.jclouds.blobstore.options.GetOptions;
import org.jclouds.blobstore.util.ForwardingBlobStore;

/** S3Proxy on loopback, with objects in memory, behind a {@link FaultyLine}. */
public final class LoopbackS3 implements AutoCloseable {
    /** Who may use it. */
    public static final String KEY = "access";

    /** The secret of the one who may. */
    public static final String SECRET = "secret-of-access";

    private final BlobStoreContext context;
    private final S3Proxy server;
    private final FaultyLine line;

    /** Starts it. */
    public LoopbackS3() {
        this(Duration.ZERO);
    }

    /**
     * Starts it with a way of its own for each reader of objects that needs no line between: the line costs about as much
     * processor time as the server.
     *
     * @param latency that the server adds to each object that it gives
     */
    public LoopbackS3(Duration latency) {
        try {
            context = ContextBuilder.newBuilder(new TransientNio2BlobApiMetadata())
                    .credentials("nobody", "nothing")
                    .buildView(BlobStoreContext.class);
            server = S3Proxy.builder()
                    .blobStore(new Late(context.getBlobStore(), latency))
                    .endpoint(URI.create("http://127.0.0.1:0"))
                    .awsAuthentication(AuthenticationType.AWS_V4, KEY, SECRET)
                    .build();
            server.start();
            while (!server.getState().equals("STARTED")) {
                LockSupport.parkNanos(1_000_000);
            }
            line = new FaultyLine(server.getPort());
        } catch (Exception e) {
            throw new IllegalStateException("S3Proxy doesn't start", e);
        }
    }

    /** A store of objects that come after a while. */
    private static final class Late extends ForwardingBlobStore {
        private final long nanos;

        Late(BlobStore store, Duration latency) {
            super(store);
            nanos = latency.toNanos();
        }

        @Override
        public Blob getBlob(String container, String name, GetOptions options) {
            LockSupport.parkNanos(nanos);
            return super.getBlob(container, name, options);
        }
    }

    /** Where clients find the server itself, without the line. */
    public String direct() {
        return "http://127.0.0.1:" + server.getPort();
    }

    /** The way of clients to it. */
    public FaultyLine line() {
        return line;
    }

    /** What a client's process finds in its environment. */
    public Map<String, String> environment() {
        return Map.of(
                "AWS_ENDPOINT_URL_S3",
                line.address(),
                "AWS_REGION",
                "us-east-1",
                "AWS_ACCESS_KEY_ID",
                KEY,
                "AWS_SECRET_ACCESS_KEY",
                SECRET);
    }

    /** The same for this process, as the SDK's system properties. */
    public void use() {
        use(line.address());
    }

    /**
     * The same, at an address of it.
     *
     * @param address {@link #direct} or the line's
     */
    public void use(String address) {
        System.setProperty("aws.endpointUrlS3", address);
        System.setProperty("aws.region", "us-east-1");
        System.setProperty("aws.accessKeyId", KEY);
        System.setProperty("aws.secretAccessKey", SECRET);
    }

    /** Makes a bucket of what lies below a folder, each file an object of its path; an empty one if there is none. */
    public void bucket(String bucket, Path folder) throws IOException {
        context.getBlobStore().createContainerInLocation(null, bucket);
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                put(bucket, folder.relativize(file).toString(), Files.readAllBytes(file));
            }
        }
    }

    /** Puts an object in the place of what has its name. */
    public void put(String bucket, String key, byte[] bytes) {
        BlobStore store = context.getBlobStore();
        store.putBlob(
                bucket,
                store.blobBuilder(key)
                        .payload(bytes)
                        .contentLength(bytes.length)
                        .build());
    }

    /** The bytes of an object. */
    public byte[] bytes(String bucket, String key) throws IOException {
        try (InputStream in =
                context.getBlobStore().getBlob(bucket, key).getPayload().openStream()) {
            return in.readAllBytes();
        }
    }

    /** Takes an object away. */
    public void remove(String bucket, String key) {
        context.getBlobStore().removeBlob(bucket, key);
    }

    @Override
    public void close() {
        line.close();
        try {
            server.stop();
        } catch (Exception e) {
            throw new IllegalStateException("S3Proxy doesn't stop", e);
        } finally {
            context.close();
        }
    }
}
