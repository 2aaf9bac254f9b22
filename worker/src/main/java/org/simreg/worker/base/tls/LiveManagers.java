package org.simreg.worker.base.tls;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;

/** Key and trust managers that take the newest certificates at every handshake. */
final class LiveManagers {
    private LiveManagers() {}

    /**
     * A key manager that shows the newest certificate.
     *
     * @param newest the key manager of the files as they are now
     */
    static X509ExtendedKeyManager keys(Supplier<X509ExtendedKeyManager> newest) {
        return new Keys(newest);
    }

    /**
     * A trust manager that trusts whom the newest file names.
     *
     * @param newest the trust manager of the files as they are now
     */
    static X509ExtendedTrustManager trust(Supplier<X509ExtendedTrustManager> newest) {
        return new Trust(newest);
    }

    /**
     * A key manager whose names stand for the keys of a moment: a handshake chooses a name first
     * and asks for key and certificate by it, and so gets both of one pair.
     */
    private static final class Keys extends X509ExtendedKeyManager {
        /** Key managers kept for handshakes under way; certificates change less often than that. */
        private static final int KEPT = 4;

        private final Supplier<X509ExtendedKeyManager> newest;
        private final ConcurrentHashMap<Long, X509ExtendedKeyManager> given = new ConcurrentHashMap<>();
        private final AtomicLong number = new AtomicLong();
        private X509ExtendedKeyManager last;

        Keys(Supplier<X509ExtendedKeyManager> newest) {
            this.newest = newest;
        }

        private synchronized Choice newest() {
            X509ExtendedKeyManager keys = newest.get();
            if (keys != last) {
                last = keys;
                given.put(number.incrementAndGet(), keys);
                given.remove(number.get() - KEPT);
            }
            return new Choice(number.get(), keys);
        }

        /** A key manager and its number, which is part of the names that it gives. */
        private record Choice(long number, X509ExtendedKeyManager keys) {
            String named(String alias) {
                return alias == null ? null : number + ":" + alias;
            }
        }

        private X509ExtendedKeyManager of(String name) {
            return given.get(Long.valueOf(name.substring(0, name.indexOf(':'))));
        }

        private static String alias(String name) {
            return name.substring(name.indexOf(':') + 1);
        }

        @Override
        public String chooseEngineServerAlias(String type, Principal[] issuers, SSLEngine engine) {
            Choice choice = newest();
            return choice.named(choice.keys.chooseEngineServerAlias(type, issuers, engine));
        }

        @Override
        public String chooseEngineClientAlias(String[] types, Principal[] issuers, SSLEngine engine) {
            Choice choice = newest();
            return choice.named(choice.keys.chooseEngineClientAlias(types, issuers, engine));
        }

        @Override
        public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
            Choice choice = newest();
            return choice.named(choice.keys.chooseServerAlias(type, issuers, socket));
        }

        @Override
        public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
            Choice choice = newest();
            return choice.named(choice.keys.chooseClientAlias(types, issuers, socket));
        }

        @Override
        public String[] getServerAliases(String type, Principal[] issuers) {
            Choice choice = newest();
            return names(choice, choice.keys.getServerAliases(type, issuers));
        }

        @Override
        public String[] getClientAliases(String type, Principal[] issuers) {
            Choice choice = newest();
            return names(choice, choice.keys.getClientAliases(type, issuers));
        }

        private static String[] names(Choice choice, String[] aliases) {
            if (aliases == null) {
                return null;
            }
            String[] names = new String[aliases.length];
            for (int i = 0; i < names.length; i++) {
                names[i] = choice.named(aliases[i]);
            }
            return names;
        }

        @Override
        public X509Certificate[] getCertificateChain(String name) {
            X509ExtendedKeyManager keys = of(name);
            return keys == null ? null : keys.getCertificateChain(alias(name));
        }

        @Override
        public PrivateKey getPrivateKey(String name) {
            X509ExtendedKeyManager keys = of(name);
            return keys == null ? null : keys.getPrivateKey(alias(name));
        }
    }

    /** A trust manager that asks the newest one. */
    private static final class Trust extends X509ExtendedTrustManager {
        private final Supplier<X509ExtendedTrustManager> newest;

        Trust(Supplier<X509ExtendedTrustManager> newest) {
            this.newest = newest;
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            newest.get().checkClientTrusted(chain, type, engine);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            newest.get().checkServerTrusted(chain, type, engine);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            newest.get().checkClientTrusted(chain, type, socket);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            newest.get().checkServerTrusted(chain, type, socket);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
            newest.get().checkClientTrusted(chain, type);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
            newest.get().checkServerTrusted(chain, type);
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return newest.get().getAcceptedIssuers();
        }
    }
}
