package org.simreg.worker.data.store.s3;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.simreg.proto.UserError;
import org.simreg.worker.data.store.FileFolder;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * A key prefix in an S3 bucket, used as an output folder. Each object has its SHA-256 beside it, in an object of the
 * form that sha256sum writes, which is there first: an object without one isn't known.
 */
public final class S3Folder implements FileFolder {
    private static final String DIGEST = ".sha256";

    private final ObjectName folder;
    private final S3Client client;
    private final S3Requests requests;

    /** Bytes by name, as they were listed and written since. */
    private final Map<String, Long> objects = new ConcurrentHashMap<>();

    /**
     * Lists it.
     *
     * @param place {@code s3://bucket/prefix}
     * @throws UserError if it can't be listed
     */
    public S3Folder(S3Access access, String place) {
        ObjectName name = ObjectName.of(place);
        boolean whole = name.key().isEmpty() || name.key().endsWith("/");
        folder = new ObjectName(name.bucket(), name.key() + (whole ? "" : "/"));
        client = access.client();
        requests = new S3Requests(access);
        int from = folder.toString().length();
        new S3Listing(client, requests)
                .list(folder, false, object -> objects.put(object.path().substring(from), object.size()))
                .forEach(one -> objects.put(one.substring(folder.key().length()), 0L));
    }

    @Override
    public String place(String name) {
        return folder.place(folder.key() + name);
    }

    @Override
    public boolean isEmpty() {
        return objects.isEmpty();
    }

    @Override
    public Optional<String> text(String name) {
        Long bytes = objects.get(name);
        if (bytes == null) {
            return Optional.empty();
        }
        if (bytes > MOST_TEXT) {
            throw new UserError("%s has %d bytes, and at most %d are read; name another folder"
                    .formatted(place(name), bytes, MOST_TEXT));
        }
        return Optional.of(requests.call(place(name), () -> true, () -> {
            byte[] answer = client.getObjectAsBytes(
                            request -> request.bucket(folder.bucket()).key(folder.key() + name))
                    .asByteArray();
            if (answer.length != bytes) {
                throw new IOException("%d bytes were asked for, and %d came".formatted(bytes, answer.length));
            }
            return new String(answer, StandardCharsets.UTF_8);
        }));
    }

    @Override
    public Optional<Written> find(String name) {
        Long bytes = objects.get(name);
        return bytes == null
                ? Optional.empty()
                : text(name + DIGEST).map(line -> new Written(bytes, line.substring(0, line.indexOf(' '))));
    }

    @Override
    public void write(String name, String text) {
        try (S3Upload upload = upload(name)) {
            upload.write(StandardCharsets.UTF_8.encode(text));
            upload.complete();
        }
        objects.put(name, (long) text.getBytes(StandardCharsets.UTF_8).length);
    }

    @Override
    public Written write(String name, Content content) {
        try (S3Upload upload = upload(name)) {
            content.write(upload);
            Written written = new Written(upload.bytes(), upload.sha256());
            write(name + DIGEST, "%s  %s\n".formatted(written.sha256(), name));
            upload.complete();
            objects.put(name, written.bytes());
            return written;
        } catch (IOException e) {
            throw new UserError("%s can't be written: %s; start it again".formatted(place(name), e.getMessage()), e);
        }
    }

    private S3Upload upload(String name) {
        return new S3Upload(client, requests, new ObjectName(folder.bucket(), folder.key() + name));
    }
}
