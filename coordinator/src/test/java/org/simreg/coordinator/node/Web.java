package org.simreg.coordinator.node;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/** An HTTP client of one port of this machine. */
record Web(int port) {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return CLIENT.send(
                HttpRequest.newBuilder(uri(path))
                        .timeout(Duration.ofSeconds(20))
                        .build(),
                BodyHandlers.ofString());
    }

    /** Asks again until the answer is so. */
    HttpResponse<String> await(String path, Predicate<HttpResponse<String>> so)
            throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        HttpResponse<String> answer = get(path);
        while (!so.test(answer)) {
            if (System.nanoTime() > end) {
                throw new AssertionError(path + " still says " + answer + "\n" + answer.body());
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
            answer = get(path);
        }
        return answer;
    }
}
