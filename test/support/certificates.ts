export { type Certificate, certificateAuthority, serverCertificate } from '../../local/certificates.ts';
